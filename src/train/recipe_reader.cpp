#include "train/recipe_reader.h"

#include <limits>

#include "base/check.h"
#include "base/text.h"

namespace frugal {

namespace {

void note_lines(const YAML::Node& map, const std::string& prefix, const std::string& name,
                std::map<std::string, int>& lines) {
  for (const auto& item : map) {
    int line = item.first.Mark().line + 1;
    if (!item.first.IsScalar()) fail_usage("{}:{}: a key must be a word", name, line);
    std::string path = prefix + item.first.Scalar();
    if (!lines.emplace(path, line).second) fail_usage("{}:{}: '{}' stands there twice", name, line, path);
    if (item.second.IsMap()) note_lines(item.second, path + ".", name, lines);
  }
}

}  // namespace

RecipeReader::RecipeReader(const std::string& yaml, std::string name, const std::vector<std::string>& overrides)
    : name_(std::move(name)) {
  try {
    root_ = YAML::Load(yaml);
  } catch (const YAML::Exception& e) {
    fail_usage("{}:{}: this is not YAML: {}", name_, e.mark.line + 1, e.msg);
  }
  if (!root_.IsMap()) fail_usage("{}: a recipe is a list of 'key: value' lines, which this file is not", name_);
  note_lines(root_, "", name_, lines_);
  for (const std::string& text : overrides) apply(text);
  sections_.push_back({root_, "", {}});
}

void RecipeReader::apply(const std::string& text) {
  std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    fail_usage("--set takes key=value, such as optimizer.lr=0.05, not '{}'", text);
  std::string path = text.substr(0, equals);
  YAML::Node value;
  try {
    value = YAML::Load(text.substr(equals + 1));
  } catch (const YAML::Exception& e) {
    fail_usage("--set {}: the value is not YAML: {}", path, e.msg);
  }
  YAML::Node node = root_;
  std::size_t begin = 0;
  for (std::size_t dot; (dot = path.find('.', begin)) != std::string::npos; begin = dot + 1) {
    YAML::Node next = node[path.substr(begin, dot - begin)];
    if (next.IsDefined() && !next.IsMap() && !next.IsNull())
      fail_usage("--set {}: '{}' has no keys below it", path, path.substr(0, dot));
    node.reset(next);
  }
  node[path.substr(begin)] = value;
  set_.insert(path);
}

std::string RecipeReader::where(const std::string& path) const {
  if (set_.contains(path)) return "--set " + path;
  auto line = lines_.find(path);
  return line == lines_.end() ? name_ + ": " + path : name_ + ":" + std::to_string(line->second) + ": " + path;
}

YAML::Node RecipeReader::take(const char* key) {
  Section& here = sections_.back();
  here.known.insert(key);
  return here.node.IsDefined() && here.node.IsMap() ? here.node[key] : YAML::Node(YAML::NodeType::Undefined);
}

void RecipeReader::enter(const char* key) {
  YAML::Node inner = take(key);
  if (inner.IsDefined() && !inner.IsNull() && !inner.IsMap())
    fail_usage("{} must be a group of 'key: value' lines", where(path(key)));
  sections_.push_back({inner, path(key) + ".", {}});
}

void RecipeReader::leave() {
  refuse_unknown();
  sections_.pop_back();
}

void RecipeReader::finish() { refuse_unknown(); }

void RecipeReader::refuse_unknown() {
  const Section& here = sections_.back();
  if (!here.node.IsDefined() || !here.node.IsMap()) return;
  for (const auto& item : here.node) {
    std::string key = item.first.Scalar();
    if (here.known.contains(key)) continue;
    std::vector<std::string> known(here.known.begin(), here.known.end());
    std::string hint = suggestion(key, known);
    if (hint.empty()) hint = "; known here: " + join(known, ", ");
    fail_usage("{} is not a key of a recipe{}", where(path(key)), hint);
  }
}

template <typename T>
T RecipeReader::convert(const YAML::Node& node, const char* key, const char* kind) const {
  T value;
  if (!node.IsScalar() || !YAML::convert<T>::decode(node, value)) {
    std::string found = node.IsScalar()     ? "'" + node.Scalar() + "'"
                        : node.IsNull()     ? "nothing"
                        : node.IsSequence() ? "a list"
                                            : "a group";
    fail_usage("{} must be {}, not {}", where(path(key)), kind, found);
  }
  return value;
}

template <typename T>
void RecipeReader::check_range(T value, T min, T max, const char* key) const {
  if (value >= min && value <= max) return;
  if (max == std::numeric_limits<T>::max()) fail_usage("{} must be at least {}, not {}", where(path(key)), min, value);
  fail_usage("{} must be between {} and {}, not {}", where(path(key)), min, max, value);
}

void RecipeReader::text(const char* key, std::string& value, const char*) {
  if (YAML::Node node = take(key); node.IsDefined()) value = convert<std::string>(node, key, "a text");
}

void RecipeReader::choice(const char* key, std::string& value, const std::vector<std::string>& choices, const char*) {
  YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  value = convert<std::string>(node, key, "a word");
  for (const std::string& choice : choices)
    if (choice == value) return;
  fail_usage("{} must be one of {}, not '{}'{}", where(path(key)), join(choices, ", "), value,
             suggestion(value, choices));
}

void RecipeReader::flag(const char* key, bool& value, const char*) {
  if (YAML::Node node = take(key); node.IsDefined()) value = convert<bool>(node, key, "true or false");
}

void RecipeReader::integer(const char* key, std::int64_t& value, std::int64_t min, std::int64_t max, const char*) {
  YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  value = convert<std::int64_t>(node, key, "a whole number");
  check_range(value, min, max, key);
}

void RecipeReader::number(const char* key, double& value, double min, double max, const char*) {
  YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  value = convert<double>(node, key, "a number");
  check_range(value, min, max, key);
}

void RecipeReader::integers(const char* key, std::vector<std::int64_t>& value, std::int64_t min, std::int64_t max,
                            const char*) {
  YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  value.clear();
  if (node.IsScalar())
    value.push_back(convert<std::int64_t>(node, key, "a whole number or a list of them"));
  else if (node.IsSequence())
    for (const YAML::Node& item : node) value.push_back(convert<std::int64_t>(item, key, "a list of whole numbers"));
  else
    convert<std::int64_t>(node, key, "a whole number or a list of them");
  for (std::int64_t v : value) check_range(v, min, max, key);
}

void RecipeReader::numbers(const char* key, std::vector<double>& value, double min, double max, const char*) {
  YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  value.clear();
  if (node.IsScalar())
    value.push_back(convert<double>(node, key, "a number or a list of them"));
  else if (node.IsSequence())
    for (const YAML::Node& item : node) value.push_back(convert<double>(item, key, "a list of numbers"));
  else
    convert<double>(node, key, "a number or a list of them");
  for (double v : value) check_range(v, min, max, key);
}

void RecipeReader::texts(std::map<std::string, std::string>& rest) {
  Section& here = sections_.back();
  if (!here.node.IsDefined() || !here.node.IsMap()) return;
  for (const auto& item : here.node) {
    std::string key = item.first.Scalar();
    if (here.known.insert(key).second) rest[key] = convert<std::string>(item.second, key.c_str(), "one value");
  }
}

}  // namespace frugal
