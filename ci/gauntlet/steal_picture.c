// SPDX-License-Identifier: Apache-2.0
//
// The picture of `gauntlet steal`: for each run a heat map of requests begun, p by time, as
// rectangles of SVG. A row is cut where the colour changes, so a picture stays small. No library:
// what there is in Debian draws through an interpreter of its own, for a page of rectangles.
#include "ci/gauntlet/steal.h"

static const int slots = STEAL_SLOTS;
enum { STEPS = 11 };
static const int width_px = 800, left_px = 70, top_px = 40, gap_px = 70, height_px = 256;

// From far too few to far too many; the middle is the mean.
static const char *const colours[STEPS] = {"#313695", "#4575b4", "#74add1", "#abd9e9",
                                           "#e0f3f8", "#ffffbf", "#fee090", "#fdae61",
                                           "#f46d43", "#d73027", "#a50026"};

// The mean is in the middle; nothing, and twice the mean and more, at the ends.
static int colour_of(uint32_t n, double mean)
{
    double x = mean > 0 ? (double)n / mean : 0;
    int step = (int)(x * (STEPS - 1) / 2 + 0.5);

    return step < STEPS ? step : STEPS - 1;
}

static void row(FILE *out, const uint32_t requests[STEAL_SLOTS], double mean, double y,
                double height)
{
    const double width = (double)width_px / slots;

    for (int i = 0; i < STEAL_SLOTS;) {
        int colour = colour_of(requests[i], mean), end = i + 1;

        while (end < STEAL_SLOTS && colour_of(requests[end], mean) == colour)
            end++;
        fprintf(out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"%s\"/>\n",
                left_px + i * width, y, (end - i) * width, height, colours[colour]);
        i = end;
    }
}

static void panel(FILE *out, const struct steal_run *run, double top)
{
    const double height = (double)height_px / run->procs;
    double sum = 0;

    for (int32_t p = 0; p < run->procs; p++)
        for (int i = 0; i < STEAL_SLOTS; i++)
            sum += run->requests[p][i];
    double mean = sum / run->procs / slots;
    fprintf(out,
            "<text x=\"%d\" y=\"%g\">%s, %d p's, %.3g s: requests begun, by p and time; mean of a "
            "cell %.3g; worst p's +%.0f %%, -%.0f %%</text>\n",
            left_px, top - 8, run->host, run->procs, run->seconds, mean, run->above_pct,
            run->below_pct);
    for (int32_t p = 0; p < run->procs; p++)
        row(out, run->requests[p], mean, top + p * height, height);
    fprintf(out, "<text x=\"%d\" y=\"%g\" text-anchor=\"end\">p 0</text>\n", left_px - 6, top + 12);
    fprintf(out, "<text x=\"%d\" y=\"%g\" text-anchor=\"end\">p %d</text>\n", left_px - 6,
            top + height_px, run->procs - 1);
    fprintf(out, "<text x=\"%d\" y=\"%g\">0 s</text>\n", left_px, top + height_px + 16);
    fprintf(out, "<text x=\"%d\" y=\"%g\" text-anchor=\"end\">%.3g s</text>\n", left_px + width_px,
            top + height_px + 16, run->seconds);
}

static void key(FILE *out)
{
    static const char *const words[] = {"none", "the mean", "twice it"};

    for (int i = 0; i < STEPS; i++)
        fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"24\" height=\"12\" fill=\"%s\"/>\n",
                left_px + width_px + 20, top_px + i * 12, colours[i]);
    for (int i = 0; i < 3; i++)
        fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>\n", left_px + width_px + 50,
                top_px + 11 + i * 12 * (STEPS / 2), words[i]);
}

void steal_picture(FILE *out, const struct steal_run *runs, uint32_t n)
{
    int width = left_px + width_px + 120, height = top_px + (int)n * (height_px + gap_px);

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n"
            "<g shape-rendering=\"crispEdges\">\n",
            width, height, width, height, width, height);
    for (uint32_t i = 0; i < n; i++)
        panel(out, &runs[i], top_px + i * (height_px + gap_px));
    key(out);
    fputs("</g>\n</svg>\n", out);
}
