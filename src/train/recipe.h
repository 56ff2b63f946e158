// A recipe: everything a training run depends on, in one YAML file. The keys, their defaults and
// their ranges stand in one place, visit_recipe() in recipe.cpp; `frugal train --keys` prints them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace frugal {

struct Recipe {
  struct Net {
    std::string name;
    std::string weights;             // a model file to start from; "": fresh weights
    std::int64_t classes = 0;        // 0: as many as the data have
    std::int64_t channels = 0;       // 0: the data's, or the network's own
    std::vector<std::int64_t> size;  // [height, width]; empty: the data's, or the network's own
    std::map<std::string, std::string> options;
  } model;
  struct Data {
    std::string name;  // a known name or a folder
    std::string train = "train", test = "test";
    std::int64_t train_limit = 0, test_limit = 0;  // 0: all; otherwise the first n
  } data;
  struct Augment {
    std::int64_t crop = 0;              // zero padding of a random crop, pixels
    bool flip = false;                  // left-right, half of the time
    std::int64_t cutout = 0;            // side of the erased square, pixels
    double mixup = 0;                   // alpha of the Beta distribution; 0: off
    std::vector<double> mean{}, std{};  // of pixels in 0..1, one a channel; empty: 0 and 1
  } augment;
  struct Loss {
    std::string kind = "cross_entropy";
    double label_smoothing = 0;
    double scale = 1;  // of what is minimised
  } loss;
  struct Optimizer {
    std::string kind = "sgd";
    double lr = 0.1, weight_decay = 0;
    bool decay_norm_and_bias = true;
    double momentum = 0.9;
    bool nesterov = true;
    std::vector<double> betas{0.9, 0.999};
    double eps = 1e-8;
    double clip_norm = 0;   // of all gradients together; 0: off
    double accumulate = 1;  // batches whose gradients are summed for one step
  } optimizer;
  struct Schedule {
    std::string kind = "cosine";  // constant, step, multi_step, cosine, yolo
    std::string per = "step";     // the rate changes after every step, or after every epoch
    double warmup_epochs = 0;
    double warmup_from = 0;          // share of the rate at the start of the warm-up
    std::int64_t warmup_steps = 0;   // of "yolo": the warm-up is at least so long
    double warmup_bias_lr = 0;       // of biases at its start; 0: as the others
    double warmup_momentum = 0;      // at its start; 0: as afterwards
    double step_epochs = 30;         // of "step"
    std::vector<double> milestones;  // of "multi_step", in epochs
    double gamma = 0.1;              // of "step" and "multi_step"
    double final_lr = 0;             // of "cosine" and "yolo"
    double final_weight_decay = 0;   // at the end of the run; 0: as it was
  } schedule;
  struct Ema {
    double decay = 0;  // 0: off
    double ramp = 0;   // updates over which the decay rises; 0: the other rule (ema.h)
  } ema;
  struct Eval {
    std::int64_t every = 1;  // epochs; the last one is always evaluated
    std::int64_t batch = 500;
    std::int64_t norm_batches = 0;  // of training, before each evaluation; 0: running statistics
    bool raw = false;               // also without the running mean, as metrics called raw_...
  } eval;
  struct Detect {  // of networks that find boxes
    std::string boxes = "siou", assigner = "task_aligned";
    double mosaic = 1, mixup = 0;    // probabilities
    std::int64_t plain_epochs = 15;  // the last ones, without mosaic and mixup
    double scale = 0.5, translate = 0.1, degrees = 0, shear = 0;
    double hue = 0.015, saturation = 0.7, value = 0.4, flip = 0.5;
  } detect;
  struct Method {
    std::string name;
    std::map<std::string, std::string> options;
  } method;
  std::int64_t batch = 128;  // of all processes together
  std::int64_t epochs = 10;
  std::string precision = "float32";  // or bfloat16: mixed, weights stay float32
  std::int64_t seed = 1;
  std::string device = "cpu";
  std::int64_t threads = 0;           // 0: every core
  std::int64_t checkpoint_every = 1;  // epochs
  std::string output;                 // folder
};

// `overrides` are "key.path=value" strings. UsageError, with file and line, for an unknown key (with the
// nearest known one), a wrong type, a value out of range, a missing key, or keys that contradict each other.
Recipe load_recipe(const std::string& path, const std::vector<std::string>& overrides = {});
Recipe parse_recipe(const std::string& yaml, const std::string& name, const std::vector<std::string>& overrides = {});

nlohmann::json recipe_json(const Recipe& recipe);  // every key, also the defaults
std::string recipe_keys();                         // a table for people: key, default, meaning

}  // namespace frugal
