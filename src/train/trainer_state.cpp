// What a checkpoint of a training run holds: every tensor that the next step depends on, and how far the run is.
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "train/checkpoint.h"
#include "train/communicator.h"
#include "train/trainer.h"

namespace frugal {

using nlohmann::json;

std::map<std::string, torch::Tensor> Trainer::all_tensors() const {
  std::map<std::string, torch::Tensor> all;
  for (const Learner& learner : learners_) {
    for (const auto& [name, tensor] : learner.part.net->weights())
      all["weights/" + learner.part.name + "/" + name] = tensor.detach();
    for (const auto& [name, tensor] : learner.optimizer->state())
      all["optimizer/" + learner.part.name + "/" + name] = tensor;
  }
  if (ema_)
    for (const auto& [name, tensor] : ema_->means()) all["ema/" + name] = tensor;
  for (std::size_t i = 0; i < hooks_.size(); ++i)
    for (const auto& [name, tensor] : hooks_[i]->state()) all["hook/" + std::to_string(i) + "/" + name] = tensor;
  return all;
}

void Trainer::save() const {
  if (!Communicator::instance().first()) return;
  Checkpoint checkpoint;
  for (const auto& [name, tensor] : all_tensors()) checkpoint.tensors.emplace(name, from_torch(tensor));
  checkpoint.notes["recipe"] = recipe_json(recipe_).dump();
  checkpoint.notes["progress"] = save_progress();
  write_checkpoint(checkpoint_path(), checkpoint);
}

std::string Trainer::save_progress() const {
  return json{{"epoch", position_.epoch},
              {"step", position_.step},
              {"global_step", position_.global_step},
              {"sums", sums_},
              {"log", log_.json()},
              {"best", best_},
              {"best_epoch", best_epoch_},
              {"ema_updates", ema_ ? ema_->updates() : 0},
              {"seconds", elapsed()}}
      .dump();
}

namespace {

// The tensors below a prefix, by the rest of their names.
std::map<std::string, torch::Tensor> below(const Checkpoint& checkpoint, const std::string& prefix) {
  std::map<std::string, torch::Tensor> found;
  for (auto it = checkpoint.tensors.lower_bound(prefix);
       it != checkpoint.tensors.end() && it->first.starts_with(prefix); ++it)
    found[it->first.substr(prefix.size())] = to_torch(it->second);
  return found;
}

void restore_weights(Interpreter& net, const std::map<std::string, torch::Tensor>& saved) {
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : net.weights()) {
    auto found = saved.find(name);
    require(found != saved.end(), "the weight '{}' is missing", name);
    require(found->second.sizes() == tensor.sizes(), "the weight '{}' has another shape", name);
    tensor.copy_(found->second);
  }
}

json parse_note(const Checkpoint& checkpoint, const std::string& key) {
  auto found = checkpoint.notes.find(key);
  require(found != checkpoint.notes.end(), "the checkpoint lacks its \"{}\"", key);
  json parsed = json::parse(found->second, nullptr, false);
  require(parsed.is_object(), "the checkpoint's \"{}\" is not a JSON object", key);
  return parsed;
}

}  // namespace

void Trainer::restore() {
  const std::string path = checkpoint_path();
  Checkpoint checkpoint = read_checkpoint(path);
  try {
    require_same_recipe(parse_note(checkpoint, "recipe"), recipe_json(recipe_), path);
    for (Learner& learner : learners_) {
      restore_weights(*learner.part.net, below(checkpoint, "weights/" + learner.part.name + "/"));
      learner.optimizer->load(below(checkpoint, "optimizer/" + learner.part.name + "/"));
    }
    const json progress = parse_note(checkpoint, "progress");
    if (ema_) ema_->load(below(checkpoint, "ema/"), progress.at("ema_updates").get<std::int64_t>());
    for (std::size_t i = 0; i < hooks_.size(); ++i)
      hooks_[i]->load(below(checkpoint, "hook/" + std::to_string(i) + "/"));
    restore_progress(checkpoint.notes.at("progress"));
  } catch (const json::exception& e) {
    fail("{}: the checkpoint's notes are damaged: {}", path, e.what());
  } catch (const Error& e) {
    if (std::string(e.what()).starts_with(path)) throw;
    fail("{}: {}", path, e.what());
  }
}

void Trainer::restore_progress(const std::string& text) {
  const json progress = json::parse(text);
  position_.epoch = progress.at("epoch").get<std::int64_t>();
  position_.step = progress.at("step").get<std::int64_t>();
  position_.global_step = progress.at("global_step").get<std::int64_t>();
  require(position_.epoch >= 0 && position_.epoch <= recipe_.epochs && position_.step >= 0 &&
              position_.step < data_.steps() &&
              position_.global_step == position_.epoch * data_.steps() + position_.step,
          "its position, epoch {} step {}, does not fit this run of {} epochs with {} steps", position_.epoch,
          position_.step, recipe_.epochs, data_.steps());
  sums_ = progress.at("sums").get<std::vector<std::pair<std::string, double>>>();
  log_ = RunLog::from_json(progress.at("log"));
  best_ = progress.at("best").get<Metrics>();
  best_epoch_ = progress.at("best_epoch").get<std::int64_t>();
  seconds_before_ = progress.at("seconds").get<double>();
}

}  // namespace frugal
