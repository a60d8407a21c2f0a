/* The element-wise functions, one line each. The same tokens become C (tgmath) and kernel text.
 *
 *   name       as a layer of the network text
 *   value      y in v (the input) and a (the parameter)
 *   gradient   dx in s (what was saved: the input or the output), dy and a
 *   REAL(x)    the literal x in the type at hand: float, double in the tests' build, or a vector
 *   saves      in: the gradient reads the layer's input; out: it reads the output
 *   default_a  default of the parameter, as text; key is its name in the network text ("" when it
 * has none)
 *
 * NaN passes through every one of them. gelu is the exact one, v * Phi(v).
 */
#ifndef WEFT_CORE_ACTIVATION_H
#define WEFT_CORE_ACTIVATION_H

/* clang-format off */
#define WEFT_ACTIVATION_LIST(X)                                                                  \
    X(relu,       v < 0 ? REAL(0) : v,      s <= 0 ? REAL(0) : dy,     out, "0",    "")          \
    X(leaky_relu, v < 0 ? a * v : v,        s > 0 ? dy : a * dy,       in,  "0.01", "slope")     \
    X(elu,        v < 0 ? a * expm1(v) : v, s > 0 ? dy : dy * (s + a), out, "1",    "alpha")     \
    X(gelu,       v * (REAL(0.5) * (1 + erf(v * REAL(0.70710678118654752)))),                    \
                  dy * (REAL(0.5) * (1 + erf(s * REAL(0.70710678118654752)))                     \
                        + s * REAL(0.39894228040143268) * exp(REAL(-0.5) * s * s)), in, "0", "") \
    X(silu,       v / (1 + exp(-v)),                                                             \
                  dy * (1 / (1 + exp(-s))) * (1 + s * (1 - 1 / (1 + exp(-s)))), in, "0", "")     \
    X(sigmoid,    1 / (1 + exp(-v)),        dy * s * (1 - s),          out, "0",    "")          \
    X(tanh,       tanh(v),                  dy * (1 - s * s),          out, "0",    "")
/* clang-format on */

#define WEFT_ACTIVATION_ENUM(name, value, gradient, saves, default_a, key) WEFT_ACT_##name,
typedef enum weft_activation {
    WEFT_ACTIVATION_LIST(WEFT_ACTIVATION_ENUM) WEFT_ACTIVATION_COUNT
} weft_activation;
#undef WEFT_ACTIVATION_ENUM

#endif
