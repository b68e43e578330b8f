// QR codes (ISO/IEC 18004) as SVG and PNG, error correction M, with the quiet zone of four modules.
// Any thread.
#ifndef CAVEA_EDGE_QR_H
#define CAVEA_EDGE_QR_H

#include "edge/shared_bytes.h"

// text is NUL-ended; upper-case Base45 text gets the compact alphanumeric mode. NULL when it does
// not fit a QR code or memory is out. The caller owns a reference.
shared_bytes *qr_svg(const char *text);
shared_bytes *qr_png(const char *text);

#endif
