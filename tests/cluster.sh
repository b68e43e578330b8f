# library: sourced, starts nothing
# Three nats-servers with the files that `ops/zones config` writes for real hosts, on loopback
# addresses of our own, because the ports are those of real hosts. Source it after common.sh and
# process.sh; `work` is the test's folder, `stop_test` its complaint.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the scripts that source this

# shellcheck source=ops/lib/nats.sh
. "$cavea_root/ops/lib/nats.sh"

net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250 + 1))
declare -A address=([a]=$net.1 [b]=$net.2 [c]=$net.3)

# hosts_files DIR OPTION...: what `ops/zones config` writes, for a provider that gave us secrets
hosts_files() {
    local to=$1
    shift
    mkdir -p "$to/secrets"
    printf 'sk_test_%s\n' "$(random_hex 24)" | write_private "$to/secrets/provider.key"
    printf 'whsec_%s\n' "$(random_hex 24)" | write_private "$to/secrets/webhook.secret"
    "$cavea_root/ops/zones" config --out "$to" --bin /usr/bin "$@" 2>>"$work/config.log" ||
        stop_test "files for three hosts: $(<"$work/config.log")"
}

cluster_zone_start() {
    GOGC=$nats_gogc process_start "$work/run" "$work/nats-$1.log" "nats-$1" "$(nats_program)" \
        -c "$files/conf/$1/nats-server.conf"
}

# Their pages lie at the addresses of their zones here: three servers share one loopback.
cluster_start() {
    local zone
    files=$work/files
    mkdir -p "$work/run"
    hosts_files "$files" --addresses "$net.1,$net.2,$net.3"
    for zone in a b c; do
        sed -i -e "s|store_dir: .*|store_dir: \"$work/store-$zone\"|" \
            -e "s|^http: .*|http: \"${address[$zone]}:8222\"|" \
            "$files/conf/$zone/nats-server.conf"
        cluster_zone_start "$zone"
    done
    for zone in a b c; do cluster_zone_ready "$zone"; done
}

cluster_zone_ready() {
    wait_until 30 curl -fsS -o /dev/null "http://${address[$1]}:8222/healthz" 2>/dev/null ||
        stop_test "three servers"
}

cluster_stop() {
    local zone
    for zone in a b c; do process_stop "$work/run" "nats-$zone" KILL 5; done
}
