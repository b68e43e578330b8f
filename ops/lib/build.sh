# Configures and builds into build/<variant>. ninja decides what is out of date.
# shellcheck shell=bash

build_programs=(cavea-edge cavea-live cavea-actors cavea-provider cavea)

build_dir_of() {
    printf '%s/build/%s\n' "$cavea_root" "$1"
}

# build_options VARIANT: the cmake options of each kind of build, one a line
build_options() {
    case $1 in
    release) ;;
    bugs) printf '%s\n' -DCAVEA_BUGS=ON ;;
    address) printf '%s\n' -DCAVEA_SANITIZE=address -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g1" ;;
    thread) printf '%s\n' -DCAVEA_SANITIZE=thread -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g1" ;;
    fuzz) printf '%s\n' -DCMAKE_C_COMPILER=clang -DCAVEA_FUZZ=ON \
        -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g1" ;;
    *) fail "there is no build called $1" ;;
    esac
}

# build_configure VARIANT LOG: only when it was never done or done with other options
build_configure() {
    local variant=$1 log=$2 dir options=() stamp
    dir=$(build_dir_of "$variant")
    mapfile -t options < <(build_options "$variant")
    [[ $variant == release ]] || options+=(-DCAVEA_WEB=OFF) # the pages are the same in each
    [[ $variant != release ]] && command -v ccache >/dev/null &&
        options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    stamp="$cavea_root ${options[*]}"
    [[ -f $dir/build.ninja && -f $dir/options && $(<"$dir/options") == "$stamp" ]] && return
    rm -f "$dir/CMakeCache.txt"
    cmake -S "$cavea_root" -B "$dir" -G Ninja "${options[@]}" >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2 && fail "the build could not be configured, see $log"; }
    printf '%s\n' "$stamp" >"$dir/options"
}

# build_run VARIANT TARGET...: one build of a variant at a time, the others wait
build_run() {
    local variant=$1 dir log lock
    shift
    dir=$(build_dir_of "$variant")
    mkdir -p "$dir" 2>/dev/null || fail "may not write to $cavea_root/build: build as its owner"
    [[ -w $dir ]] || fail "may not write to $dir: build as its owner, or remove it"
    log=$dir/build.log
    exec {lock}>"$dir/lock"
    flock "$lock"
    build_configure "$variant" "$log"
    ninja -C "$dir" "$@" >"$log" 2>&1 ||
        { tail -n 30 "$log" >&2 && fail "the $variant build failed, see $log"; }
    exec {lock}>&-
}
