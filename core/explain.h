/* What a trained network goes by: for one sample, where in a layer the evidence for an output lies
 * (Grad-CAM), how much each pixel moves that output (saliency), and what a layer made of the
 * sample. All of it comes from one plan of WEFT_MODE_GRADIENT on the model's device: running
 * statistics, no dropout. An output is y_c before the softmax: a class's logit. */
#ifndef WEFT_CORE_EXPLAIN_H
#define WEFT_CORE_EXPLAIN_H

#include "core/model.h"

/* Index of the layer that shows best where the evidence lies: the last convolution, with the
 * batchnorm, add and activation behind it. -1: the network has no convolution. */
WEFT_API int32_t weft_explain_map_layer(const weft_graph *graph);

/* Index of the last hidden layer: the one whose output the last convolution or dense layer reads.
 * -1: the network has no such layer. */
WEFT_API int32_t weft_explain_hidden_layer(const weft_graph *graph);

/* A plan for one sample at a time. */
typedef struct weft_explainer weft_explainer;

/* The model is borrowed and outlives the explainer; norm is that of the training. layer: NULL for
 * weft_explain_map_layer. WEFT_ERR_USAGE when there is no such layer, or none whose output has
 * height and width: the message names those that have. A network without any convolution has no
 * map and no features unless a layer is named. */
WEFT_API weft_status weft_explainer_new(weft_model *model, const weft_normalize *norm,
                                        weft_dtype dtype, const char *layer, weft_explainer **out);
WEFT_API void weft_explainer_free(weft_explainer *explainer);

/* Name and H x W x C of the layer that is looked at; NULL and rank 0 when there is none. */
WEFT_API const char *weft_explainer_layer(const weft_explainer *explainer);
WEFT_API weft_shape weft_explainer_map(const weft_explainer *explainer);

/* H x W of the saliency: those of a sample; one row for a sample of features. */
WEFT_API weft_shape weft_explainer_input(const weft_explainer *explainer);

/* Forward for a sample, then backward from one output; wanted -1: from the largest. */
WEFT_API weft_status weft_explainer_run(weft_explainer *explainer, const void *sample,
                                        int32_t wanted);

/* Results of the last run, good until the next one. */

/* The output that was explained, and all of them (T numbers). */
WEFT_API int32_t weft_explainer_output(const weft_explainer *explainer);
WEFT_API const float *weft_explainer_outputs(const weft_explainer *explainer);

/* Grad-CAM (Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra, 2017), H x W of the layer:
 * max(0, sum_k alpha_k A_k) with alpha_k = mean over all positions of dy_c / dA_k. Not scaled.
 * NULL without a layer. */
WEFT_API const float *weft_explainer_gradcam(const weft_explainer *explainer);

/* Whether any number of that map is above 0: something in the layer speaks for the class. */
WEFT_API bool weft_explainer_has_evidence(const weft_explainer *explainer);

/* Saliency (Simonyan, Vedaldi, Zisserman, 2014), H x W of the input: max over the channels of
 * |dy_c / dx|, x being what the network is given, the normalised sample. */
WEFT_API const float *weft_explainer_saliency(const weft_explainer *explainer);

/* Whether any number of it is above 0: some pixel moves the output. */
WEFT_API bool weft_explainer_has_saliency(const weft_explainer *explainer);

/* A and dy_c / dA, H x W x C of the layer; NULL without one. */
WEFT_API const float *weft_explainer_features(const weft_explainer *explainer);
WEFT_API const float *weft_explainer_gradient(const weft_explainer *explainer);

#endif
