/* Every op, once, by its ONNX name. Table, dispatch and the property tests expand this list: an op
 * that stands here without its functions or without its test case does not build. CONTRIBUTING.md:
 * «To add an op». */
#define BASIN_OP_LIST(X)  \
    X(Gemm)               \
    X(Conv)               \
    X(MaxPool)            \
    X(AveragePool)        \
    X(GlobalAveragePool)  \
    X(Add)                \
    X(Sub)                \
    X(Mul)                \
    X(Div)                \
    X(Where)              \
    X(Flatten)            \
    X(Reshape)            \
    X(Squeeze)            \
    X(Unsqueeze)          \
    X(Transpose)          \
    X(Slice)              \
    X(Split)              \
    X(Concat)             \
    X(Pad)                \
    X(Gather)             \
    X(ReduceSum)          \
    X(ReduceMean)         \
    X(Identity)           \
    X(Dropout)            \
    X(Relu)               \
    X(LeakyRelu)          \
    X(Tanh)               \
    X(Sigmoid)            \
    X(Gelu)               \
    X(Elu)                \
    X(Softplus)           \
    X(Silu)               \
    X(Sqrt)               \
    X(Erf)                \
    X(Exp)                \
    X(Log)                \
    X(Neg)                \
    X(Abs)                \
    X(Reciprocal)         \
    X(Clip)               \
    X(Pow)                \
    X(MatMul)             \
    X(Softmax)            \
    X(LogSoftmax)         \
    X(Attention)          \
    X(BatchNormalization) \
    X(LayerNormalization) \
    X(GroupNormalization)
