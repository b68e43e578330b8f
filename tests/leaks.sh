# library: sourced, starts nothing
# Finds in logs what must never stand in one: secrets, tokens, card numbers. Says where and what
# kind, never the thing itself: FILE:LINE: kind.
# shellcheck shell=bash

# Whole keys and secrets as our stacks make them, the client secret of a payment, bearer tokens,
# session tokens (a long word in base64url), signed tickets and private keys.
leak_forms='(sk|rk)_(test|live)_[0-9A-Za-z]{20}|whsec_[0-9A-Za-z]{20}'
leak_forms+='|pi_[0-9A-Za-z]+_secret_[0-9A-Za-z]'
leak_forms+='|[Bb]earer [0-9A-Za-z_.-]{20}|eyJ[0-9A-Za-z_-]+[.][0-9A-Za-z_-]+[.][0-9A-Za-z_-]+'
leak_forms+='|BEGIN [A-Z ]*PRIVATE KEY|(^|[^0-9A-Za-z_-])AQ[0-9A-Za-z_-]{86}'

# leaks_find SECRETS LOG...: SECRETS is a file with one a line. Fails when anything was found.
leaks_find() {
    local secrets=$1 found
    shift
    found=$(
        leaks_where 'a key or token' -Eoe "$leak_forms" -- "$@"
        [[ ! -s $secrets ]] || leaks_where 'a secret of this stack' -oFf "$secrets" -- "$@"
        leaks_cards "$@"
    )
    [[ $found ]] || return 0
    printf '%s\n' "$found"
    return 1
}

# leaks_where KIND GREP_ARGUMENT...
leaks_where() {
    local kind=$1
    shift
    { grep -aHn "$@" /dev/null || true; } | sed -E "s/^([^:]*:[0-9]+):.*/\\1: $kind/"
}

# Card numbers (ISO/IEC 7812: known prefixes, the right length, a check digit that fits), also in
# groups of four. Digits inside a longer word are none.
leaks_cards() {
    local before='(^|[^0-9A-Za-z_.-])' after='([^0-9A-Za-z_.-]|$)'
    { grep -aHnoE -e "${before}[3-6][0-9]{3}([ -]?[0-9]{4}){2}[ -]?[0-9]{2,4}$after" \
        -e "${before}3[0-9]{3}[ -]?[0-9]{6}[ -]?[0-9]{4,5}$after" \
        -- "$@" /dev/null || true; } | awk -F: '
        function luhn(number,    sum, i, digit) {
            for (i = length(number); i > 0; i--) {
                digit = substr(number, i, 1)
                if ((length(number) - i) % 2 == 1)
                    digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2
                sum += digit
            }
            return sum % 10 == 0
        }
        {
            at = $1 ":" $2
            number = substr($0, length(at) + 2)
            gsub(/[^0-9]/, "", number)
            if (number !~ /^(3[04-8]|4|5[1-5]|6011|65)/)
                next
            if ((length(number) == 16 || number ~ /^3/) && luhn(number))
                print at ": a card number"
        }'
}
