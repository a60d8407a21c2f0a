/* The network text: what it accepts, what it makes of it, and how it refuses the rest. */
#include <stdio.h>
#include <stdlib.h>

#include "core/graph.h"
#include "tests/suite.h"

static weft_status parse(const char *text, weft_graph **graph)
{
    return weft_graph_parse(text, strlen(text), "test.net", graph);
}

typedef struct refusal {
    const char *text;
    weft_status status;
    const char *part;
} refusal;

#define IMAGE "input shape=28x28x1\n"

static const refusal refusals[] = {
    {"", WEFT_ERR_FORMAT, "test.net: no layer"},
    {"# nothing\n\n", WEFT_ERR_FORMAT, "no layer"},
    {"dense units=3\n", WEFT_ERR_FORMAT, "test.net:1: the first layer must be 'input'"},
    {IMAGE "conv2 filters=3 kernel=3\n", WEFT_ERR_FORMAT, "did you mean 'conv2d'?"},
    {IMAGE "frobnicate\n", WEFT_ERR_FORMAT, "`weft layers` lists them"},
    {IMAGE "conv2d filter=3 kernel=3\n", WEFT_ERR_FORMAT, "did you mean 'filters'?"},
    {IMAGE "conv2d filters=3\n", WEFT_ERR_FORMAT, "kernel= is missing"},
    {IMAGE "conv2d filters kernel=3\n", WEFT_ERR_FORMAT, "key=value is wanted"},
    {IMAGE "conv2d filters=0 kernel=3\n", WEFT_ERR_FORMAT, "test.net:2: filters=0 is out of range"},
    {IMAGE "conv2d filters=-4 kernel=3\n", WEFT_ERR_FORMAT, "filters=-4 is out of range"},
    {IMAGE "conv2d filters=x kernel=3\n", WEFT_ERR_FORMAT, "filters=x is not a whole number"},
    {IMAGE "conv2d filters=3.5 kernel=3\n", WEFT_ERR_FORMAT, "is not a whole number"},
    {IMAGE "conv2d filters=99999999999999999999 kernel=3\n", WEFT_ERR_FORMAT, "filters="},
    {IMAGE "conv2d filters=3 kernel=3 kernel=5\n", WEFT_ERR_FORMAT, "'kernel' is given twice"},
    {IMAGE "conv2d filters=3 kernel=3x3x3\n", WEFT_ERR_FORMAT, "at most 2 numbers"},
    {IMAGE "conv2d filters=3 kernel=29\n", WEFT_ERR_SHAPE,
     "29x29 does not fit into its input of 28x28x1"},
    {IMAGE "conv2d filters=3 kernel=3 padding=3\n", WEFT_ERR_SHAPE, "padding 3 must be smaller"},
    {IMAGE "conv2d filters=3 kernel=3 padding=some\n", WEFT_ERR_FORMAT, "same, valid or a number"},
    {IMAGE "conv2d filters=3 kernel=3 bias=maybe\n", WEFT_ERR_FORMAT, "yes or no"},
    {IMAGE "dense units=10\n", WEFT_ERR_SHAPE, "its input is 28x28x1; put a flatten before it"},
    {IMAGE "flatten\nconv2d filters=3 kernel=3\n", WEFT_ERR_SHAPE, "its input is 784"},
    {IMAGE "relu name=a\nrelu name=a\n", WEFT_ERR_FORMAT,
     "test.net:3: the name 'a' is taken by line 2"},
    {IMAGE "relu name=9a\n", WEFT_ERR_FORMAT, "letters, digits and _"},
    {IMAGE "relu name=optim\n", WEFT_ERR_FORMAT, "not 'optim'"},
    {IMAGE "relu name=stem\nrelu from=stam\n", WEFT_ERR_FORMAT, "did you mean 'stem'?"},
    {IMAGE "relu from=nowhere\n", WEFT_ERR_FORMAT, "no layer above has this name"},
    {IMAGE "add\n", WEFT_ERR_FORMAT, "add takes 2 to 8 inputs, not 1"},
    {IMAGE "relu from=input1,input1\n", WEFT_ERR_FORMAT, "relu takes 1 to 1 inputs, not 2"},
    {IMAGE IMAGE, WEFT_ERR_FORMAT, "a network has one input"},
    {IMAGE "maxpool size=2\nadd from=input1,maxpool1\n", WEFT_ERR_SHAPE, "28x28x1 and 14x14x1"},
    {IMAGE "dropout rate=1.5\n", WEFT_ERR_FORMAT, "rate=1.5 is out of range"},
    {IMAGE "dropout rate=nan\n", WEFT_ERR_FORMAT, "is not a number"},
    {IMAGE "relu\n", WEFT_ERR_SHAPE, "gives 28x28x1; a row of numbers is wanted"},
    {IMAGE "flatten\ndense units=3 name=a\ndense units=3 name=b from=flatten1\n", WEFT_ERR_FORMAT,
     "the output of 'a' is used by no layer"},
    {"input shape=28x28\n", WEFT_ERR_FORMAT, "height x width x channels"},
    {"input shape=0x28x1\n", WEFT_ERR_FORMAT, "out of range"},
    {"input shape=65536x65536x65536\nflatten\n", WEFT_ERR_SHAPE, "test.net:1"},
    {"input shape=4096x4096x64\nflatten\ndense units=1048576\n", WEFT_ERR_SHAPE, "test.net:3"},
    {"\x01\x02", WEFT_ERR_FORMAT, "this is not a network text"},
};

START_TEST(refuses_with_file_line_and_cure)
{
    const refusal *r = &refusals[_i];
    weft_graph *graph = NULL;
    ck_weft_refused(parse(r->text, &graph), r->status, r->part);
    ck_assert_ptr_null(graph);
}
END_TEST

START_TEST(refuses_large_and_binary_texts)
{
    const size_t size = WEFT_NETWORK_TEXT_MAX + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    memset(text, ' ', size);
    weft_graph *graph = NULL;
    ck_weft_refused(weft_graph_parse(text, size, "big.net", &graph), WEFT_ERR_FORMAT, "too many");
    memset(text, 0, 64);
    ck_weft_refused(weft_graph_parse(text, 64, "zero.net", &graph), WEFT_ERR_FORMAT, "byte 0");
    free(text);
    ck_weft_refused(weft_graph_load("/nonexistent/a.net", &graph), WEFT_ERR_IO,
                    "/nonexistent/a.net");
}
END_TEST

typedef struct network {
    const char *file;
    int32_t layers;
    int64_t parameters;
} network;

static const network networks[] = {
    {"seed-cnn", 14, 421738},
    {"lenet5", 13, 61706},
    {"mlp", 8, 235146},
    {"resnet8", 29, 0},
};

START_TEST(reads_the_networks_that_come_with_it)
{
    char path[512];
    weft_graph *graph = NULL;
    snprintf(path, sizeof path, "%s/models/%s.net", WEFT_SOURCE_DIR, networks[_i].file);
    ck_weft(weft_graph_load(path, &graph));
    ck_assert_int_eq(weft_graph_output(graph).dim[0], 10);
    if (networks[_i].parameters) {
        ck_assert_int_eq(weft_graph_count(graph), networks[_i].layers);
        ck_assert_int_eq(weft_graph_parameters(graph), networks[_i].parameters);
    }
    weft_graph_free(graph);
}
END_TEST

typedef struct window_row {
    const char *line;
    int32_t shape[3]; /* of the output, from 28x28x1 */
} window_row;

static const window_row windows[] = {
    {"conv2d filters=4 kernel=3", {26, 26, 4}},
    {"conv2d filters=4 kernel=3 padding=same", {28, 28, 4}},
    {"conv2d filters=4 kernel=3 stride=2 padding=same", {14, 14, 4}},
    {"conv2d filters=4 kernel=3x1", {26, 28, 4}},
    {"conv2d filters=4 kernel=5 padding=2 stride=3", {10, 10, 4}},
    {"conv2d filters=4 kernel=2 padding=same stride=1x2", {28, 14, 4}},
    {"maxpool size=2", {14, 14, 1}},
    {"maxpool size=3 stride=2", {13, 13, 1}},
    {"maxpool size=3", {9, 9, 1}},
    {"avgpool size=2x3 stride=2 padding=same", {14, 14, 1}},
    {"global_avgpool", {1, 1, 1}},
};

START_TEST(infers_the_shapes_of_windows)
{
    char text[256];
    weft_graph *graph = NULL;
    snprintf(text, sizeof text, IMAGE "%s\nflatten\n", windows[_i].line);
    ck_weft(parse(text, &graph));
    const weft_shape shape = weft_graph_node(graph, 1)->needs.out.shape;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(shape.dim[i], windows[_i].shape[i]);
    weft_graph_free(graph);
}
END_TEST

START_TEST(names_layers_by_type_and_count)
{
    weft_graph *graph = NULL;
    ck_weft(parse("input shape=4\nrelu\n  relu name=x # a comment\r\nrelu\n", &graph));
    ck_assert_str_eq(weft_graph_node(graph, 1)->name, "relu1");
    ck_assert_str_eq(weft_graph_node(graph, 2)->name, "x");
    ck_assert_str_eq(weft_graph_node(graph, 3)->name, "relu3");
    weft_graph_free(graph);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("graph");
    TCase *tests = tcase_create("network text");
    tcase_add_loop_test(tests, refuses_with_file_line_and_cure, 0, ROWS(refusals));
    tcase_add_test(tests, refuses_large_and_binary_texts);
    tcase_add_loop_test(tests, reads_the_networks_that_come_with_it, 0, ROWS(networks));
    tcase_add_loop_test(tests, infers_the_shapes_of_windows, 0, ROWS(windows));
    tcase_add_test(tests, names_layers_by_type_and_count);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
