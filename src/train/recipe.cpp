#include "train/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "base/check.h"
#include "formats/file.h"
#include "train/recipe_reader.h"

namespace frugal {
namespace {

constexpr double kBig = std::numeric_limits<double>::max();
constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();

// Every key of a recipe: name, place, range, meaning.
template <typename Visitor>
void visit_recipe(Visitor& v, Recipe& r) {
  v.section("model", "the network", [&] {
    v.text("name", r.model.name, "a built-in network (see: frugal models)");
    v.text("weights", r.model.weights, "a model file to start from instead of fresh weights");
    v.integer("classes", r.model.classes, 0, 1'000'000, "0: as many as the data have");
    v.integer("channels", r.model.channels, 0, 4096, "input channels; 0: the data's");
    v.integers("size", r.model.size, 1, 65'536, "input [height, width]; empty: the data's");
    v.section("options", "options of this network's family", [&] { v.texts(r.model.options); });
  });
  v.section("data", "labelled pictures", [&] {
    v.text("name", r.data.name, "fashion-mnist, mnist, cifar10, or a folder");
    v.text("train", r.data.train, "split to learn from");
    v.text("test", r.data.test, "split to measure on");
    v.integer("train_limit", r.data.train_limit, 0, kMany, "use the first n only; 0: all");
    v.integer("test_limit", r.data.test_limit, 0, kMany, "use the first n only; 0: all");
  });
  v.section("augment", "what is done to the pictures, in this order", [&] {
    v.integer("crop", r.augment.crop, 0, 64, "random crop after padding with this many zero pixels");
    v.flag("flip", r.augment.flip, "mirror left-right half of the time");
    v.integer("cutout", r.augment.cutout, 0, 1024, "side of a square set to the mean (DeVries and Taylor 2017)");
    v.number("mixup", r.augment.mixup, 0, 100, "alpha of mixup (Zhang et al. 2018); 0: off");
    v.numbers("mean", r.augment.mean, -10, 10, "subtracted from pixels in 0..1, one a channel");
    v.numbers("std", r.augment.std, 1e-6, 100, "divides after that, one a channel");
  });
  v.section("loss", "what is minimised", [&] {
    v.choice("kind", r.loss.kind, {"cross_entropy"}, "of the logits");
    v.number("label_smoothing", r.loss.label_smoothing, 0, 0.99, "share of the target spread over all classes");
    v.number("scale", r.loss.scale, 0, kBig, "factor of what is minimised, whatever the network is for");
  });
  v.section("optimizer", "how weights follow the gradient", [&] {
    v.choice("kind", r.optimizer.kind, {"sgd", "adamw", "lamb"}, "stochastic gradient descent, AdamW, or LAMB");
    v.number("lr", r.optimizer.lr, 0, 1000, "peak learning rate");
    v.number("momentum", r.optimizer.momentum, 0, 0.9999, "sgd");
    v.flag("nesterov", r.optimizer.nesterov, "sgd: Nesterov's form of momentum");
    v.numbers("betas", r.optimizer.betas, 0, 0.999999, "adamw, lamb: decay of the two running means");
    v.number("eps", r.optimizer.eps, 1e-16, 1, "adamw, lamb: added to the root");
    v.number("weight_decay", r.optimizer.weight_decay, 0, 10, "sgd: added to the gradient; adamw, lamb: decoupled");
    v.flag("decay_norm_and_bias", r.optimizer.decay_norm_and_bias, "false: spare parameters of one dim");
    v.number("accumulate", r.optimizer.accumulate, 1, 1e6, "batches whose gradients are summed for one step");
    v.number("clip_norm", r.optimizer.clip_norm, 0, kBig, "bound on the norm of all gradients; 0: off");
  });
  v.section("schedule", "how the learning rate moves", [&] {
    v.choice("kind", r.schedule.kind, {"constant", "step", "multi_step", "cosine", "yolo"},
             "its shape after the warm-up; yolo: the cosine of YOLOv6, an epoch late");
    v.choice("per", r.schedule.per, {"step", "epoch"}, "the rate changes after every step, or after every epoch");
    v.number("warmup_epochs", r.schedule.warmup_epochs, 0, 1e6, "the rate first rises linearly for so long");
    v.number("warmup_from", r.schedule.warmup_from, 0, 1, "share of the peak at the start");
    v.integer("warmup_steps", r.schedule.warmup_steps, 0, kMany, "yolo: the warm-up is at least so long");
    v.number("warmup_bias_lr", r.schedule.warmup_bias_lr, 0, 1000, "of biases at its start; 0: as the others");
    v.number("warmup_momentum", r.schedule.warmup_momentum, 0, 0.9999, "sgd: at its start; 0: as afterwards");
    v.number("step_epochs", r.schedule.step_epochs, 1e-6, 1e6, "step: times gamma after every so many epochs");
    v.numbers("milestones", r.schedule.milestones, 0, 1e6, "multi_step: times gamma at these epochs");
    v.number("gamma", r.schedule.gamma, 0, 1, "step, multi_step");
    v.number("final_lr", r.schedule.final_lr, 0, 1000, "cosine, yolo: the rate at the end");
    v.number("final_weight_decay", r.schedule.final_weight_decay, 0, 10,
             "the weight decay moves there by a cosine over the run; 0: it stays");
  });
  v.section("ema", "a running mean of the weights, which is what is evaluated and saved", [&] {
    v.number("decay", r.ema.decay, 0, 0.999999, "0: off");
    v.number("ramp", r.ema.ramp, 0, 1e9,
             "updates over which the decay rises, decay * (1 - exp(-t / ramp)); 0: min(decay, t / (9 + t))");
  });
  v.section("eval", "measuring while training", [&] {
    v.integer("every", r.eval.every, 1, kMany, "epochs between two evaluations; the last is always evaluated");
    v.integer("batch", r.eval.batch, 1, 65'536, "pictures at a time");
    v.integer(
        "norm_batches", r.eval.norm_batches, 0, kMany,
        "training batches that batch norms take their statistics from before each evaluation; 0: the running ones");
    v.flag("raw", r.eval.raw, "also measure the weights without their running mean, as raw_...");
  });
  v.section("detect", "of networks that find boxes", [&] {
    v.choice("boxes", r.detect.boxes, {"siou", "giou"}, "the loss of a box");
    v.choice("assigner", r.detect.assigner, {"task_aligned", "atss"}, "which cells learn an object");
    v.number("mosaic", r.detect.mosaic, 0, 1, "share of pictures that are made of four");
    v.number("mixup", r.detect.mixup, 0, 1, "share of those that are mixed with another one");
    v.integer("plain_epochs", r.detect.plain_epochs, 0, kMany, "the last ones, without mosaic and mixup");
    v.number("scale", r.detect.scale, 0, 0.99, "largest relative change of size");
    v.number("translate", r.detect.translate, 0, 0.5, "largest move, in sides of the picture");
    v.number("degrees", r.detect.degrees, 0, 180, "largest turn");
    v.number("shear", r.detect.shear, 0, 80, "largest shear, degrees");
    v.number("hue", r.detect.hue, 0, 1, "largest relative change");
    v.number("saturation", r.detect.saturation, 0, 1, "largest relative change");
    v.number("value", r.detect.value, 0, 1, "largest relative change of brightness");
    v.number("flip", r.detect.flip, 0, 1, "share that is turned left to right");
  });
  v.section("method", "a method of the library that changes how is trained", [&] {
    v.text("name", r.method.name, "none if empty");
    v.texts(r.method.options);
  });
  v.integer("batch", r.batch, 1, 1'000'000, "pictures a step, of all processes together");
  v.integer("epochs", r.epochs, 1, 1'000'000, "passes over the data");
  v.choice("precision", r.precision, {"float32", "bfloat16"}, "bfloat16: mixed precision, weights stay float32");
  v.integer("seed", r.seed, 0, kMany, "of every random choice");
  v.choice("device", r.device, {"cpu", "cuda"}, "where to train");
  v.integer("threads", r.threads, 0, 1024, "0: every core");
  v.integer("checkpoint_every", r.checkpoint_every, 1, kMany, "epochs between two checkpoints");
  v.text("output", r.output, "folder for model, checkpoint, metrics.csv and curves.svg");
}

// Writes the values down; also a visitor.
struct JsonWriter {
  nlohmann::json root = nlohmann::json::object();
  std::vector<nlohmann::json*> open{&root};

  template <typename T>
  void put(const char* key, const T& value) {
    (*open.back())[key] = value;
  }
  void text(const char* key, std::string& value, const char*) { put(key, value); }
  void choice(const char* key, std::string& value, const std::vector<std::string>&, const char*) { put(key, value); }
  void flag(const char* key, bool& value, const char*) { put(key, value); }
  void integer(const char* key, std::int64_t& value, std::int64_t, std::int64_t, const char*) { put(key, value); }
  void number(const char* key, double& value, double, double, const char*) { put(key, value); }
  void integers(const char* key, std::vector<std::int64_t>& value, std::int64_t, std::int64_t, const char*) {
    put(key, value);
  }
  void numbers(const char* key, std::vector<double>& value, double, double, const char*) { put(key, value); }
  void texts(std::map<std::string, std::string>& rest) {
    for (const auto& [key, value] : rest) put(key.c_str(), value);
  }
  template <typename Body>
  void section(const char* key, const char*, Body&& body) {
    nlohmann::json& inner = (*open.back())[key] = nlohmann::json::object();
    open.push_back(&inner);
    body();
    open.pop_back();
  }
};

// Prints the table of keys; also a visitor.
struct KeyPrinter {
  std::string out, indent;

  void line(const char* key, const std::string& value, const std::string& doc) {
    out += fmt::format("{:<32} # {}\n", fmt::format("{}{}: {}", indent, key, value), doc);
  }
  template <typename T>
  static std::string list(const std::vector<T>& values) {
    return fmt::format("[{}]", fmt::join(values, ", "));
  }
  void text(const char* key, std::string& value, const char* doc) { line(key, value.empty() ? "\"\"" : value, doc); }
  void choice(const char* key, std::string& value, const std::vector<std::string>& choices, const char* doc) {
    line(key, value, choices.size() > 1 ? fmt::format("{} ({})", doc, fmt::join(choices, ", ")) : doc);
  }
  void flag(const char* key, bool& value, const char* doc) { line(key, value ? "true" : "false", doc); }
  void integer(const char* key, std::int64_t& value, std::int64_t, std::int64_t, const char* doc) {
    line(key, fmt::format("{}", value), doc);
  }
  void number(const char* key, double& value, double, double, const char* doc) {
    line(key, fmt::format("{}", value), doc);
  }
  void integers(const char* key, std::vector<std::int64_t>& value, std::int64_t, std::int64_t, const char* doc) {
    line(key, list(value), doc);
  }
  void numbers(const char* key, std::vector<double>& value, double, double, const char* doc) {
    line(key, list(value), doc);
  }
  void texts(std::map<std::string, std::string>&) {}
  template <typename Body>
  void section(const char* key, const char* doc, Body&& body) {
    line(key, "", doc);
    indent += "  ";
    body();
    indent.resize(indent.size() - 2);
  }
};

void check_together(const Recipe& r, const RecipeReader& reader) {
  auto demand = [&](bool ok, const char* key, const std::string& sentence) {
    if (!ok) fail_usage("{} {}", reader.where(key), sentence);
  };
  demand(!r.model.name.empty() || !r.model.weights.empty(), "model.name",
         "is missing: name a built-in network (see: frugal models)");
  demand(!r.data.name.empty(), "data.name", "is missing: name a data set (fashion-mnist, cifar10, ...) or a folder");
  demand(!r.output.empty(), "output", "is missing: name a folder for the results, such as runs/first");
  demand(r.model.size.empty() || r.model.size.size() == 2, "model.size", "must be two numbers, [height, width]");
  demand(r.augment.mean.size() == r.augment.std.size() || r.augment.mean.size() < 2 || r.augment.std.size() < 2,
         "augment.std", fmt::format("must have one number, or as many as augment.mean, {}", r.augment.mean.size()));
  demand(r.optimizer.betas.size() == 2, "optimizer.betas", "must be two numbers, such as [0.9, 0.999]");
  demand(!(r.optimizer.kind == "sgd" && r.optimizer.nesterov && r.optimizer.momentum == 0), "optimizer.nesterov",
         "needs a momentum above 0; set it to false");
  demand(r.schedule.kind != "multi_step" || !r.schedule.milestones.empty(), "schedule.milestones",
         "is missing: the schedule 'multi_step' needs the epochs at which the rate falls");
  demand(r.schedule.final_weight_decay == 0 || r.optimizer.weight_decay > 0, "schedule.final_weight_decay",
         "needs a weight decay above 0 to start from");
  demand(r.schedule.final_lr <= r.optimizer.lr, "schedule.final_lr", "must not be above optimizer.lr");
  demand(r.schedule.warmup_epochs <= static_cast<double>(r.epochs), "schedule.warmup_epochs",
         "must not be longer than 'epochs'");
}

}  // namespace

Recipe parse_recipe(const std::string& yaml, const std::string& name, const std::vector<std::string>& overrides) {
  Recipe recipe;
  RecipeReader reader(yaml, name, overrides);
  visit_recipe(reader, recipe);
  reader.finish();
  check_together(recipe, reader);
  return recipe;
}

Recipe load_recipe(const std::string& path, const std::vector<std::string>& overrides) {
  auto file = MappedFile::open(path);
  auto bytes = file->bytes();
  return parse_recipe(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), path, overrides);
}

nlohmann::json recipe_json(const Recipe& recipe) {
  JsonWriter writer;
  Recipe copy = recipe;
  visit_recipe(writer, copy);
  return writer.root;
}

std::string recipe_keys() {
  KeyPrinter printer;
  Recipe defaults;
  visit_recipe(printer, defaults);
  return printer.out;
}

}  // namespace frugal
