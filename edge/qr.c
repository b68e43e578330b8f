#include "edge/qr.h"

#include <png.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    QUIET_MODULES = 4,
    SVG_MODULE_PX = 8, // its natural size; it scales
    PNG_MODULE_PX = 8,
    TEXT_BYTES_MAX = 2048,
};

static void code_release(QRcode **code)
{
    QRcode_free(*code);
}
#define CODE_CLEANUP __attribute__((cleanup(code_release)))

static void bytes_release(uint8_t **bytes)
{
    free(*bytes);
}
#define BYTES_CLEANUP __attribute__((cleanup(bytes_release)))

static QRcode *code_make(const char *text)
{
    if (strnlen(text, TEXT_BYTES_MAX) == TEXT_BYTES_MAX)
        return NULL;
    return QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
}

static bool dark(const QRcode *code, int x, int y)
{
    return code->data[y * code->width + x] & 1;
}

// One path; each run of dark modules in a row is a rectangle.
static void svg_write(FILE *out, const QRcode *code)
{
    int modules = code->width + 2 * QUIET_MODULES;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\" role=\"img\" "
            "aria-label=\"QR code of the ticket\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
            "<path fill=\"#000\" d=\"",
            modules * SVG_MODULE_PX, modules * SVG_MODULE_PX, modules, modules, modules, modules);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            int run = 0;
            while (x + run < code->width && dark(code, x + run, y))
                run++;
            if (run > 0)
                fprintf(out, "M%d %dh%dv1h-%dz", x + QUIET_MODULES, y + QUIET_MODULES, run, run);
            x += run;
        }
    }
    fputs("\"/></svg>\n", out);
}

shared_bytes *qr_svg(const char *text)
{
    CODE_CLEANUP QRcode *code = code_make(text);
    char *svg = NULL;
    size_t svg_bytes = 0;
    if (!code)
        return NULL;
    FILE *out = open_memstream(&svg, &svg_bytes);
    if (!out)
        return NULL;
    svg_write(out, code);
    bool failed = ferror(out);
    failed |= fclose(out) != 0;
    if (failed) {
        free(svg);
        return NULL;
    }
    return shared_bytes_take(svg, svg_bytes);
}

static uint8_t *pixels_make(const QRcode *code, size_t side)
{
    uint8_t *pixels = malloc(side * side);
    if (!pixels)
        return NULL;
    memset(pixels, 0xff, side * side);
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            for (size_t row = 0; dark(code, x, y) && row < PNG_MODULE_PX; row++)
                memset(pixels + ((size_t)(y + QUIET_MODULES) * PNG_MODULE_PX + row) * side +
                           (size_t)(x + QUIET_MODULES) * PNG_MODULE_PX,
                       0, PNG_MODULE_PX);
    return pixels;
}

shared_bytes *qr_png(const char *text)
{
    CODE_CLEANUP QRcode *code = code_make(text);
    if (!code)
        return NULL;
    size_t side = (size_t)(code->width + 2 * QUIET_MODULES) * PNG_MODULE_PX;
    BYTES_CLEANUP uint8_t *pixels = pixels_make(code, side);
    if (!pixels)
        return NULL;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)side,
                       .height = (png_uint_32)side,
                       .format = PNG_FORMAT_GRAY};
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    char *png = malloc(bytes);
    if (!png ||
        !png_image_write_to_memory(&image, png, &bytes, 0, pixels, (png_int_32)side, NULL)) {
        png_image_free(&image);
        free(png);
        return NULL;
    }
    return shared_bytes_take(png, bytes);
}
