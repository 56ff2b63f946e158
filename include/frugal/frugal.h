// Everything: graphs, models, sessions, pictures, tasks.
//
//   frugal::Model model = frugal::load("fashion.safetensors");
//   frugal::Session session(model, {.threads = 2});
//   auto best = frugal::classify(session, frugal::read_image("shirt.png"));
//   // best[0].label, best[0].probability
#pragma once

#include "frugal/classify.h"
#include "frugal/coco.h"
#include "frugal/detect.h"
#include "frugal/detection_metrics.h"
#include "frugal/error.h"
#include "frugal/graph.h"
#include "frugal/image.h"
#include "frugal/model.h"
#include "frugal/onnx.h"
#include "frugal/prepare.h"
#include "frugal/session.h"
#include "frugal/task_info.h"
#include "frugal/tensor.h"

namespace frugal {

inline Model load(const std::string& path) { return load_model(path); }

}  // namespace frugal
