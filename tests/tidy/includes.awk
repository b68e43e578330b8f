# Prints includes that a room may not have, over rooms.txt, CMakeLists.txt and any number of C files.
# A file of the runtime that CMakeLists.txt lists as an adapter is in the room actors/runtime/*.
BEGIN {
    header["libpq-fe.h"] = "libpq"
    header["nats.h"] = header["nats/nats.h"] = "nats"
    header["civetweb.h"] = "civetweb"
    header["curl/curl.h"] = "curl"
    header["jansson.h"] = "jansson"
    header["sodium.h"] = "sodium"
    header["qrencode.h"] = "qrencode"
    header["png.h"] = "png"
    header["zlib.h"] = "zlib"
    header["pthread.h"] = "pthread"
    header["uv.h"] = "uv"
    header["protobuf-c/protobuf-c.h"] = "protobuf-c"
}
FILENAME ~ /rooms\.txt$/ {
    if (split($0, part, /   */) > 1 && $0 !~ /^#/) {
        allowed[part[1]] = part[2]
        outside[part[1]] = part[3]
    }
    next
}
FILENAME ~ /CMakeLists\.txt$/ {
    if (/^set\(RUNTIME_ADAPTERS/) adapters = 1
    if (adapters) {
        gsub(/[()]/, " ")
        for (i = 1; i <= NF; i++) if (sub(/\.[ch]$/, "", $i)) adapter[$i] = 1
        if (/^ *$/) adapters = 0
    }
    next
}
FNR == 1 {
    room = FILENAME
    sub(/\/[^\/]*$/, "", room)
    name = FILENAME
    gsub(/.*\/|\.[ch]$/, "", name)
    if (room == "actors/runtime" && name in adapter) room = "actors/runtime/*"
    if (!(room in allowed) && FILENAME !~ /^tests\//)
        print FILENAME ":1: rooms.txt knows no room " room
}
!(room in allowed) { next }
/^#include "/ {
    split($0, part, "\"")
    if (!listed(allowed[room], part[2], 1))
        print FILENAME ":" FNR ": this room may not include " part[2]
}
/^#include </ {
    split($0, part, "[<>]")
    if (part[2] in header && !listed(outside[room], header[part[2]], 0))
        print FILENAME ":" FNR ": this room may not use " part[2]
}
function listed(list, wanted, is_folder,    words, count, i) {
    count = split(list, words, " ")
    for (i = 1; i <= count; i++)
        if (is_folder ? index(wanted, words[i] "/") == 1 : words[i] == wanted) return 1
    return 0
}
