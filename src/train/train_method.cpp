#include "train/train_method.h"

#include "base/check.h"
#include "base/text.h"

namespace frugal {

TrainMethodRegistry& TrainMethodRegistry::instance() {
  static TrainMethodRegistry* registry = [] {
    auto* r = new TrainMethodRegistry;
    register_all_train_method(*r);
    return r;
  }();
  return *registry;
}

void TrainMethodRegistry::add(const std::string& name, TrainMethod method) {
  FRUGAL_ASSERT(method && methods_.emplace(name, std::move(method)).second);
}

TrainingPlan TrainMethodRegistry::plan(const Recipe& recipe) const {
  const std::string& name = recipe.method.name;
  if (auto found = methods_.find(name); found != methods_.end()) return found->second(recipe);
  std::vector<std::string> known;
  for (const auto& [key, method] : methods_)
    if (!key.empty()) known.push_back(key);
  fail_usage("method.name: there is no training method '{}'{}", name,
             known.empty() ? "; this build has none, leave the key out"
                           : suggestion(name, known) + "; known are " + join(known, ", "));
}

}  // namespace frugal
