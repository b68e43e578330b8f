# Turns a file into a C array: cmake -DIN=... -DOUT=... -DSYMBOL=... -P embed.cmake
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n" bytes "${bytes}")
file(WRITE "${OUT}" "extern const unsigned char ${SYMBOL}[];
extern const unsigned ${SYMBOL}_bytes;
const unsigned char ${SYMBOL}[] = {\n${bytes}0};
const unsigned ${SYMBOL}_bytes = sizeof ${SYMBOL} - 1;\n")
