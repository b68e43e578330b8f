# Prints includes of one file that its room may not have. -v file= allowed= outside=
BEGIN {
    split(allowed, prefixes, " ")
    split(outside, libraries, " ")
    header["libpq-fe.h"] = "libpq"
    header["nats.h"] = "nats"
    header["nats/nats.h"] = "nats"
    header["civetweb.h"] = "civetweb"
    header["curl/curl.h"] = "curl"
    header["jansson.h"] = "jansson"
    header["sodium.h"] = "sodium"
    header["qrencode.h"] = "qrencode"
    header["png.h"] = "png"
    header["pthread.h"] = "pthread"
    header["protobuf-c/protobuf-c.h"] = "protobuf-c"
}
/^#include "/ {
    split($0, part, "\"")
    ok = 0
    for (i in prefixes) ok = ok || index(part[2], prefixes[i] "/") == 1
    if (!ok) print file ":" NR ": this room may not include " part[2]
}
/^#include </ {
    split($0, part, "[<>]")
    name = header[part[2]]
    if (name == "") next
    ok = 0
    for (i in libraries) ok = ok || libraries[i] == name
    if (!ok) print file ":" NR ": this room may not use " part[2]
}
