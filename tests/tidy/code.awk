# Prints banned calls and functions that are too long, over any number of C files and scripts.
FNR == 1 { start = 0 }
/^\{/ || /^[a-z_]+\(\) \{$/ { start = FNR }
/^\}/ {
    if (start && FNR - start >= 59)
        print FILENAME ":" start ": a function has fewer than 60 lines"
    start = 0
}
FILENAME ~ /\.[ch]$/ {
    # Words in comments and strings do not count as code.
    code = $0
    gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
    sub(/\/\/.*/, "", code)
    if (code ~ "(^|[^a-z0-9_.>])" banned " *\\(") print FILENAME ":" FNR ": a banned call: " $0
    if (code ~ /CLOCK_REALTIME([^_]|$)/ && FILENAME !~ /(ops\/host\/clock\.c|chaos\/load\/.*|tests\/.*)$/)
        print FILENAME ":" FNR ": a wall clock steps, waits go by clock_condition_wait: " $0
    if (code ~ /(^|[^a-z_])goto /) print FILENAME ":" FNR ": cleanup goes by attribute: " $0
}
