/* Network text: what parses is a network whose text parses again to as many layers. */
#include "core/graph.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    weft_graph *graph = NULL, *again = NULL;
    if (weft_graph_parse((const char *)bytes, count, "fuzz.net", &graph) != WEFT_OK) return 0;
    const char *text = weft_graph_text(graph);
    FUZZ_CHECK(weft_graph_parse(text, strlen(text), "again.net", &again) == WEFT_OK);
    FUZZ_CHECK(weft_graph_count(again) == weft_graph_count(graph));
    FUZZ_CHECK(weft_graph_parameters(graph) >= 0);
    FUZZ_CHECK(weft_shape_count(weft_graph_output(graph)) > 0);
    weft_graph_free(graph);
    weft_graph_free(again);
    return 0;
}
