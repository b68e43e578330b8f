// Resets the TCP connection of a request, as a crashing peer or a strict firewall does. civetweb
// does not hand out its sockets, so the one with the request's two ends is looked for. Linux.
#ifndef CAVEA_OPS_PROVIDER_HANGUP_H
#define CAVEA_OPS_PROVIDER_HANGUP_H

struct mg_connection;

// The caller answers nothing afterwards. On civetweb's thread of that request.
void hangup(struct mg_connection *c);

#endif
