#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "formats/strict_json.h"
#include "language/constraint/json_rules.h"

namespace frugal {
namespace {

using Json = nlohmann::ordered_json;
using G = Grammar;
using Parts = std::vector<GrammarPtr>;

constexpr int kMaxDepth = 64;
constexpr std::int64_t kMaxCount = 10'000;  // of characters and items that a schema may ask for

const std::set<std::string_view> kNotes = {"title", "description", "default",    "examples",        "$schema",
                                           "$id",   "$comment",    "deprecated", "readOnly",        "writeOnly",
                                           "$defs", "definitions", "$anchor",    "contentMediaType"};

class Converter {
 public:
  explicit Converter(const Json& root) : root_(root), rules_(grammar_) {}

  Grammar convert() {
    const std::size_t start = grammar_.rule("root");
    grammar_.define(start, G::call(reference("#", "#")));
    return std::move(grammar_);
  }

 private:
  [[noreturn]] static void refuse(const std::string& path, const std::string& what) {
    fail("the schema, {}: {}", path, what);
  }

  static void only(const Json& schema, const std::string& path, std::set<std::string_view> known) {
    for (const auto& [key, value] : schema.items())
      if (!known.contains(key) && !kNotes.contains(key))
        refuse(path, "the keyword '" + key.substr(0, 64) + "' is not supported here");
  }

  static std::int64_t count(const Json& schema, const char* key, const std::string& path, std::int64_t otherwise) {
    if (!schema.contains(key)) return otherwise;
    const Json& value = schema[key];
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > static_cast<std::uint64_t>(kMaxCount))
      refuse(path, fmt::format("'{}' is no whole number from 0 to {}", key, kMaxCount));
    return value.get<std::int64_t>();
  }

  // A schema by its JSON pointer; one rule each, so that schemas may refer to themselves.
  std::size_t reference(const std::string& pointer, const std::string& path) {
    if (!pointer.starts_with("#")) refuse(path, "'$ref' to another document");
    const std::size_t rule = grammar_.rule("schema " + pointer);
    if (!started_.insert(pointer).second) return rule;
    const Json* target = nullptr;
    try {
      target = &root_.at(Json::json_pointer(pointer.substr(1)));
    } catch (const nlohmann::json::exception&) {
      refuse(path, "'$ref' points to '" + pointer.substr(0, 100) + "', which is not there");
    }
    grammar_.define(rule, schema(*target, pointer, 0));
    return rule;
  }

  GrammarPtr schema(const Json& s, const std::string& path, int depth) {
    if (depth > kMaxDepth) refuse(path, "nested too deeply");
    if (s.is_boolean()) {
      if (!s.get<bool>()) refuse(path, "nothing is valid for 'false'");
      return rules_.value();
    }
    if (!s.is_object()) refuse(path, "a schema is an object");
    if (s.contains("$ref")) {
      only(s, path, {"$ref"});
      if (!s["$ref"].is_string()) refuse(path, "'$ref' is no text");
      return G::call(reference(s["$ref"].get<std::string>(), path));
    }
    if (s.contains("const")) return only(s, path, {"const", "type"}), literals(s, Json::array({s["const"]}), path);
    if (s.contains("enum")) return only(s, path, {"enum", "type"}), literals(s, s["enum"], path);
    for (const char* key : {"anyOf", "oneOf", "allOf"})
      if (s.contains(key)) return combination(s, key, path, depth);
    return typed(s, path, depth);
  }

  GrammarPtr literals(const Json& s, const Json& values, const std::string& path) {
    if (!values.is_array()) refuse(path, "'enum' is no list");
    Parts parts;
    for (const Json& value : values)
      if (!s.contains("type") || has_type(value, s["type"])) parts.push_back(G::literal(value.dump()));
    if (parts.empty()) refuse(path, "no value of 'enum' or 'const' has the type");
    return G::either(std::move(parts));
  }

  static bool has_type(const Json& value, const Json& type) {
    if (type.is_array())
      return std::any_of(type.begin(), type.end(), [&](const Json& t) { return has_type(value, t); });
    if (type == "integer")
      return value.is_number_integer() ||
             (value.is_number_float() &&
              value.get<double>() == static_cast<double>(static_cast<std::int64_t>(value.get<double>())));
    return type == (value.is_object()    ? "object"
                    : value.is_array()   ? "array"
                    : value.is_string()  ? "string"
                    : value.is_boolean() ? "boolean"
                    : value.is_null()    ? "null"
                                         : "number");
  }

  GrammarPtr combination(const Json& s, const std::string& key, const std::string& path, int depth) {
    only(s, path, {key});
    const Json& list = s[key];
    if (!list.is_array() || list.empty()) refuse(path, "'" + key + "' is no list of schemas");
    if (key == "allOf" && list.size() > 1)
      refuse(path, "'allOf' of several schemas is not supported; write them as one");
    if (key == "oneOf") {
      std::set<std::string> types;  // of different types, at most one can be valid
      for (const Json& one : list) {
        const Json type = one.is_object() && one.contains("type") ? one["type"] : Json();
        if (!type.is_string() || !types.insert(type == "integer" ? "number" : type.get<std::string>()).second)
          refuse(path, "'oneOf' is only supported for schemas of different types; use 'anyOf'");
      }
    }
    Parts parts;
    for (std::size_t i = 0; i < list.size(); ++i)
      parts.push_back(schema(list[i], fmt::format("{}/{}/{}", path, key, i), depth + 1));
    return G::either(std::move(parts));
  }

  GrammarPtr typed(const Json& s, const std::string& path, int depth) {
    if (s.contains("type") && s["type"].is_array()) {
      if (s["type"].empty()) refuse(path, "'type' is an empty list");
      Parts parts;
      for (const Json& type : s["type"]) {
        Json one = {{"type", type}};
        for (const auto& [key, value] : s.items())
          if (key != "type" && (s["type"].size() == 1 || kNotes.contains(key) || belongs(key, type))) one[key] = value;
        parts.push_back(typed(one, path, depth));
      }
      for (const auto& [key, value] : s.items())
        if (key != "type" && !kNotes.contains(key) &&
            std::none_of(s["type"].begin(), s["type"].end(), [&](const Json& t) { return belongs(key, t); }))
          refuse(path, "the keyword '" + key.substr(0, 64) + "' is not supported here");
      return G::either(std::move(parts));
    }
    std::string type;
    if (s.contains("type")) {
      if (!s["type"].is_string()) refuse(path, "'type' is neither a text nor a list");
      type = s["type"].get<std::string>();
    } else {
      for (const char* one : {"object", "array", "string", "number"})
        for (const auto& [key, value] : s.items())
          if (type.empty() && belongs(key, one)) type = one;
      if (type.empty()) return only(s, path, {}), rules_.value();
    }
    if (type == "object") return object(s, path, depth);
    if (type == "array") return array(s, path, depth);
    if (type == "string") return string(s, path);
    if (type == "boolean") return only(s, path, {"type"}), G::either({G::literal("true"), G::literal("false")});
    if (type == "null") return only(s, path, {"type"}), G::literal("null");
    if (type != "integer" && type != "number") refuse(path, "the type '" + type.substr(0, 64) + "' is not known");
    only(s, path, {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"});
    return numeric(s, path, type == "integer");
  }

  GrammarPtr numeric(const Json& s, const std::string& path, bool integer) {
    NumberRange range;
    auto bound = [&](const char* key, std::optional<double>& to, bool& excluded, bool excludes, double inwards) {
      if (!s.contains(key)) return;
      if (!s[key].is_number()) refuse(path, fmt::format("'{}' is no number", key));
      const auto value = s[key].get<double>();
      if (bound_text(value).empty())
        refuse(path, fmt::format("'{}' is {}; bounds are below 1e15 and have 12 digits behind the point at most", key,
                                 s[key].dump()));
      if (to && (*to - value) * inwards > 0) return;  // the other one of the two binds
      excluded = excludes || (to && *to == value && excluded);
      to = value;
    };
    bound("minimum", range.low, range.low_excluded, false, 1);
    bound("exclusiveMinimum", range.low, range.low_excluded, true, 1);
    bound("maximum", range.high, range.high_excluded, false, -1);
    bound("exclusiveMaximum", range.high, range.high_excluded, true, -1);
    if (!range.low && !range.high) return integer ? JsonRules::integer() : JsonRules::number();
    GrammarPtr made = integer ? integer_within(range) : number_within(range);
    if (!made) refuse(path, "no number lies within its bounds");
    return made;
  }

  static bool belongs(const std::string& key, const Json& type) {
    static const std::set<std::string_view> bounds = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
    static const std::map<std::string, std::set<std::string_view>> keys = {
        {"object", {"properties", "required", "additionalProperties"}},
        {"array", {"items", "minItems", "maxItems"}},
        {"string", {"minLength", "maxLength", "format", "pattern"}},
        {"integer", bounds},
        {"number", bounds}};
    if (!type.is_string()) return false;
    auto found = keys.find(type.get<std::string>());
    return found != keys.end() && found->second.contains(key);
  }

  GrammarPtr string(const Json& s, const std::string& path) {
    if (s.contains("format")) return only(s, path, {"type", "format"}), formatted(s["format"], path);
    if (s.contains("pattern")) {
      only(s, path, {"type", "pattern"});
      if (!s["pattern"].is_string()) refuse(path, "'pattern' is no text");
      try {
        return rules_.string_like(s["pattern"].get<std::string>());
      } catch (const Error& error) {
        refuse(path, error.what());
      }
    }
    only(s, path, {"type", "minLength", "maxLength"});
    const std::int64_t least = count(s, "minLength", path, 0), most = count(s, "maxLength", path, -1);
    if (most >= 0 && most < least) refuse(path, "'maxLength' is below 'minLength'");
    return rules_.string(least, most);
  }

  GrammarPtr formatted(const Json& format, const std::string& path) {
    auto digits = [&](std::int64_t n) { return rules_.digits(n, n); };
    auto two = [](char32_t a, char32_t b, char32_t c, char32_t d) {
      return G::sequence({G::chars({{a, b}}), G::chars({{c, d}})});
    };
    const GrammarPtr month = G::either({two('0', '0', '1', '9'), two('1', '1', '0', '2')});
    const GrammarPtr day =
        G::either({two('0', '0', '1', '9'), two('1', '1', '0', '9'), two('2', '2', '0', '8')});  // every month has it
    const GrammarPtr hour = G::either({two('0', '1', '0', '9'), two('2', '2', '0', '3')});
    const GrammarPtr sixty = two('0', '5', '0', '9');
    const GrammarPtr date = G::sequence({digits(4), G::literal("-"), month, G::literal("-"), day});
    const GrammarPtr time = G::sequence({hour, G::literal(":"), sixty, G::literal(":"), sixty, G::literal("Z")});
    auto quoted = [](GrammarPtr text) { return G::sequence({G::literal("\""), std::move(text), G::literal("\"")}); };
    if (format == "date") return quoted(date);
    if (format == "time") return quoted(time);
    if (format == "date-time") return quoted(G::sequence({date, G::literal("T"), time}));
    if (format == "uuid") {
      auto hex = [](std::int64_t n) { return G::repeat(G::chars({{'0', '9'}, {'a', 'f'}}), n, n); };
      const GrammarPtr dash = G::literal("-");
      return quoted(G::sequence({hex(8), dash, hex(4), dash, hex(4), dash, hex(4), dash, hex(12)}));
    }
    refuse(path, "this 'format' is not supported; date, time, date-time and uuid are");
  }

  GrammarPtr array(const Json& s, const std::string& path, int depth) {
    only(s, path, {"type", "items", "minItems", "maxItems"});
    const std::int64_t least = count(s, "minItems", path, 0), most = count(s, "maxItems", path, -1);
    if (most >= 0 && most < least) refuse(path, "'maxItems' is below 'minItems'");
    const std::size_t item = grammar_.rule(path + " items");  // called, not repeated
    grammar_.define(item, s.contains("items") ? schema(s["items"], path + "/items", depth + 1) : rules_.value());
    return rules_.list("[", G::call(item), least, most, "]");
  }

  GrammarPtr object(const Json& s, const std::string& path, int depth) {
    only(s, path, {"type", "properties", "required", "additionalProperties"});
    const Json properties = s.contains("properties") ? s["properties"] : Json::object();
    if (!properties.is_object()) refuse(path, "'properties' is no object");
    std::set<std::string> required;
    for (const Json& name : s.contains("required") ? s["required"] : Json::array()) {
      if (!name.is_string()) refuse(path, "'required' holds what is no name");
      if (!properties.contains(name.get<std::string>()))
        refuse(path, "'required' names '" + name.get<std::string>().substr(0, 64) + "', which 'properties' lacks");
      required.insert(name.get<std::string>());
    }
    // Further properties only where the schema speaks of them, or of no property at all: fewer are valid as well.
    const bool any = s.contains("additionalProperties") ? s["additionalProperties"] != false : properties.empty();
    GrammarPtr further;
    if (any) {
      const Json& more = s.contains("additionalProperties") ? s["additionalProperties"] : Json(true);
      const std::size_t rule = grammar_.rule(path + " further");
      grammar_.define(
          rule, rules_.member(other_name(properties, path), schema(more, path + "/additionalProperties", depth + 1)));
      further = G::call(rule);
    }
    // Two rules a property: what may follow where nothing stands before, and where something does.
    const auto count = properties.size();
    auto rest = [&](std::size_t i, bool later) { return grammar_.rule(fmt::format("{} {} {}", path, i, later)); };
    for (bool later : {false, true}) {
      GrammarPtr end = G::literal("");
      if (further) {
        const GrammarPtr more = G::repeat(G::sequence({rules_.comma(), further}), later ? 0 : 0);
        end = later ? more : G::optional(G::sequence({further, more}));
      }
      grammar_.define(rest(count, later), end);
    }
    std::size_t i = 0;
    for (const auto& [name, value] : properties.items()) {
      const std::size_t member = grammar_.rule(path + " member " + name);
      grammar_.define(
          member, rules_.member(G::literal(Json(name).dump()), schema(value, path + "/properties/" + name, depth + 1)));
      for (bool later : {false, true}) {
        Parts parts;
        if (later) parts.push_back(rules_.comma());
        parts.push_back(G::call(member));
        parts.push_back(G::call(rest(i + 1, true)));
        GrammarPtr body = G::sequence(std::move(parts));
        if (!required.contains(name)) body = G::either({body, G::call(rest(i + 1, later))});
        grammar_.define(rest(i, later), body);
      }
      ++i;
    }
    return G::sequence({G::literal("{"), rules_.blank(), G::call(rest(0, false)), rules_.blank(), G::literal("}")});
  }

  // A name that is none of the properties: along the tree of their characters, left at some point. No escapes, by which
  // a name could be written in a second way.
  GrammarPtr other_name(const Json& properties, const std::string& path) {
    std::set<std::string> names;
    for (const auto& [name, value] : properties.items()) {
      for (char c : name)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '"' || c == '\\')
          refuse(path, "'additionalProperties' beside a property whose name is not plain ASCII");
      names.insert(name);
    }
    return G::sequence({G::literal("\""), other_than(names, 0), G::literal("\"")});
  }

  static GrammarPtr other_than(const std::set<std::string>& names, std::size_t at) {
    std::map<char, std::set<std::string>> next;
    bool ends_here = false;
    for (const std::string& name : names)
      name.size() == at ? void(ends_here = true) : void(next[name[at]].insert(name));
    std::vector<std::pair<char32_t, char32_t>> out{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
    Parts parts;
    for (const auto& [c, below] : next) {
      out.emplace_back(static_cast<unsigned char>(c), static_cast<unsigned char>(c));
      parts.push_back(G::sequence({G::literal(std::string(1, c)), other_than(below, at + 1)}));
    }
    parts.push_back(G::sequence({G::chars(out, true), G::repeat(JsonRules::plain_character(), 0)}));
    if (!ends_here) parts.push_back(G::literal(""));
    return G::either(std::move(parts));
  }

  const Json& root_;
  Grammar grammar_;
  JsonRules rules_;
  std::set<std::string> started_;
};

}  // namespace

Grammar grammar_of_json_schema(std::string_view schema) {
  parse_json(schema, "the schema", 1u << 20, kMaxDepth);
  return Converter(Json::parse(schema)).convert();
}

}  // namespace frugal
