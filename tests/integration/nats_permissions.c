// Logs in to NATS and tries subjects: nats_permissions URL SEED_FILE|- [pub|sub SUBJECT]...
// Prints "connected" or "refused", then a line "pub|sub SUBJECT allowed|refused" for each. Only
// what the server refused with its own words counts as refused; whatever else went wrong is
// "broken", and said on standard error.
//   nats_permissions URL SEED_FILE hear SUBJECT OTHER_SEED_FILE SUBJECT
// Subscribes, has another user publish, and prints "heard" or "silence".
#include "ops/host/nats_login.h"

#include <stdio.h>

static natsStatus connect_to(const char *url, const char *seed_file,
                             natsConnection **ret_connection)
{
    natsOptions *options = NULL;
    char problem[CONFIG_PROBLEM_BYTES];
    nats_login login = {url, strcmp(seed_file, "-") == 0 ? "" : seed_file};
    natsStatus s = natsOptions_Create(&options);
    if (s == NATS_OK && !nats_login_set(options, &login, problem)) {
        fprintf(stderr, "%s\n", problem);
        s = NATS_INVALID_ARG;
    }
    if (s == NATS_OK)
        s = natsOptions_SetAllowReconnect(options, false);
    if (s == NATS_OK)
        s = natsConnection_Connect(ret_connection, options);
    natsOptions_Destroy(options);
    return s;
}

// The server's complaint comes before its answer to the flush.
static const char *may(natsConnection *connection, const char *how, const char *to)
{
    natsSubscription *subscription = NULL;
    const char *text = NULL;
    natsStatus s = strcmp(how, "pub") == 0
                       ? natsConnection_PublishString(connection, to, "")
                       : natsConnection_SubscribeSync(&subscription, connection, to);
    if (s == NATS_OK)
        s = natsConnection_FlushTimeout(connection, 5000);
    natsStatus last = natsConnection_GetLastError(connection, &text);
    natsSubscription_Destroy(subscription);
    if (s == NATS_OK && last == NATS_OK)
        return "allowed";
    if (last != NATS_OK && text != NULL && strstr(text, "Permissions Violation") != NULL)
        return "refused";
    fprintf(stderr, "%s %s: %s, %s\n", how, to, natsStatus_GetText(s), text == NULL ? "" : text);
    return "broken";
}

static int hear(char **argv)
{
    natsConnection *listener = NULL, *speaker = NULL;
    natsSubscription *subscription = NULL;
    natsMsg *message = NULL;
    natsStatus s = connect_to(argv[1], argv[2], &listener);
    if (s == NATS_OK)
        s = connect_to(argv[1], argv[5], &speaker);
    if (s == NATS_OK)
        s = natsConnection_SubscribeSync(&subscription, listener, argv[4]);
    if (s == NATS_OK)
        s = natsConnection_FlushTimeout(listener, 5000);
    if (s == NATS_OK)
        s = natsConnection_PublishString(speaker, argv[6], "");
    if (s == NATS_OK)
        s = natsConnection_FlushTimeout(speaker, 5000);
    // Whatever is delivered to the listener comes before the answer to its flush.
    if (s == NATS_OK)
        s = natsConnection_FlushTimeout(listener, 5000);
    natsStatus got = s == NATS_OK ? natsSubscription_NextMsg(&message, subscription, 500) : s;
    puts(got == NATS_OK ? "heard" : got == NATS_TIMEOUT ? "silence" : natsStatus_GetText(got));
    natsMsg_Destroy(message);
    natsSubscription_Destroy(subscription);
    natsConnection_Destroy(speaker);
    natsConnection_Destroy(listener);
    nats_Close();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    if (argc == 7 && strcmp(argv[3], "hear") == 0)
        return hear(argv);
    for (int i = 3; i == 3 || i + 1 < argc; i += 2) {
        natsConnection *connection = NULL; // another one each time: it remembers its last error
        natsStatus s = connect_to(argv[1], argv[2], &connection);
        if (i == 3)
            puts(s == NATS_OK                       ? "connected"
                 : s == NATS_CONNECTION_AUTH_FAILED ? "refused"
                                                    : natsStatus_GetText(s));
        if (s == NATS_OK && i + 1 < argc)
            printf("%s %s %s\n", argv[i], argv[i + 1], may(connection, argv[i], argv[i + 1]));
        natsConnection_Destroy(connection);
        if (s != NATS_OK)
            break;
    }
    nats_Close();
    return 0;
}
