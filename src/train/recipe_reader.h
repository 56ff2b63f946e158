// Reads a YAML file key by key, and knows for every value where it came from.
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace frugal {

class RecipeReader {
 public:
  RecipeReader(const std::string& yaml, std::string name, const std::vector<std::string>& overrides);

  // A visitor of visit_recipe(): each call reads one key of the current section into `value`.
  void text(const char* key, std::string& value, const char* doc);
  void choice(const char* key, std::string& value, const std::vector<std::string>& choices, const char* doc);
  void flag(const char* key, bool& value, const char* doc);
  void integer(const char* key, std::int64_t& value, std::int64_t min, std::int64_t max, const char* doc);
  void number(const char* key, double& value, double min, double max, const char* doc);
  void integers(const char* key, std::vector<std::int64_t>& value, std::int64_t min, std::int64_t max, const char* doc);
  void numbers(const char* key, std::vector<double>& value, double min, double max, const char* doc);
  void texts(std::map<std::string, std::string>& rest);  // every further key of this section
  template <typename Body>
  void section(const char* key, const char* /*doc*/, Body&& body) {
    enter(key);
    body();
    leave();
  }
  void finish();  // refuses what no call has read

  // "recipes/a.yaml:7: optimizer.lr" or "--set optimizer.lr", for a failure found later.
  std::string where(const std::string& path) const;

 private:
  YAML::Node take(const char* key);
  void enter(const char* key);
  void leave();
  void apply(const std::string& override_text);
  void refuse_unknown();
  std::string path(const std::string& key) const { return sections_.back().prefix + key; }
  template <typename T>
  T convert(const YAML::Node& node, const char* key, const char* kind) const;
  template <typename T>
  void check_range(T value, T min, T max, const char* key) const;

  struct Section {
    YAML::Node node;              // may be undefined: then every key keeps its default
    std::string prefix;           // "optimizer."
    std::set<std::string> known;  // keys asked for
  };

  std::string name_;
  YAML::Node root_;
  std::vector<Section> sections_;
  std::set<std::string> set_;  // paths that --set gave
  std::map<std::string, int> lines_;
};

}  // namespace frugal
