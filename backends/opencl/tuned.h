/* Choices that the tuner has made: kept in memory, and per device, driver, kernel sources and
 * family in a text file of the cache folder, a row an op:
 *
 *   key | batch | NAME=VALUE NAME=VALUE
 *
 * Rows of cl/tuning.txt whose kernel is a key stand behind them, for every batch. */
#ifndef WEFT_BACKENDS_OPENCL_TUNED_H
#define WEFT_BACKENDS_OPENCL_TUNED_H

#include "backends/opencl/cl.h"

/* Read the file. One that is missing is empty, one that is damaged leaves out what cannot be read,
 * with one note to the device's log. */
weft_status cl_choices_new(const cl_device *device, cl_choices **out);
void cl_choices_free(cl_choices *choices);

/* The choice of this batch, else of the nearest one that differs by a factor of four at most, else
 * the table's; NULL: none. Borrowed until the next change. exact: of this batch. */
const char *cl_choice_find(const cl_choices *choices, const weft_op *op, bool *exact);

/* The same in the table alone. */
const char *cl_choice_shipped(const cl_choices *choices, const weft_op *op);

/* Until the next call, cl_settings() gives this text for every op ("": nothing, the kernel's own
 * prior). The text is borrowed. Returns what it was before, NULL at first. */
const char *cl_choice_try(cl_choices *choices, const char *text);
const char *cl_choice_tried(const cl_choices *choices);

/* Drop the choice that cl_choice_find gives, with a note. */
void cl_choice_drop(cl_device *device, const weft_op *op, const char *why);

/* candidates.c: the choice to use for an op, checked to be one of its candidates; "": none. One
 * that was made for exactly this op and is none of them is dropped. */
const char *cl_choice_use(cl_device *device, const weft_op *op);

#endif
