// Precompiled: LibTorch's headers take longer to read than everything else together.
#pragma once
#include <torch/torch.h>
