// Jinja templates, against what Python's Jinja renders.
#include "language/jinja/template.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "language/chat_template.h"
#include "support/support.h"

namespace frugal {
namespace {

using Json = nlohmann::ordered_json;

std::string render(const char* source, const Json& variables = Json::object()) {
  return Template(source).render(variables);
}

// tests/data/jinja/*.json: [{template, cases[{variables, text}]}], the variables once for all where an entry is
// {values}; the text is Jinja2's own
// (tests/data/jinja/make.py), or null where Jinja2 raises.
TEST(Template, RendersAsJinja) {
  std::size_t cases = 0;
  for (const auto& item : std::filesystem::directory_iterator(test::source_dir() / "tests/data/jinja")) {
    if (item.path().extension() != ".json") continue;
    const Json file = Json::parse(test::read_file(item.path()));
    Json values;
    for (const Json& entry : file) {
      if (entry.contains("values")) {
        values = entry["values"];
        continue;
      }
      Template made(entry["template"].get<std::string>());
      for (const Json& one : entry["cases"]) {
        ++cases;
        const Json& variables = one.contains("variables") ? one["variables"] : values;
        if (one["text"].is_null()) {
          EXPECT_ERROR(made.render(variables), "line ");
        } else {
          EXPECT_EQ(made.render(variables), one["text"].get<std::string>()) << item.path() << "\n"
                                                                            << entry["template"] << "\n"
                                                                            << variables;
        }
      }
    }
  }
  EXPECT_GT(cases, 100u);
}

// Prompts that a released model was given, recorded with its own template.
TEST(Template, RecordedPrompts) {
  const auto path = test::shared_path("data/language/smollm2_reference.json");
  FRUGAL_SKIP_WITHOUT(path);
  const Json file = Json::parse(test::read_file(path));
  const ChatTemplate chat(file["chat_template"].get<std::string>(), "<|im_start|>", "<|im_end|>");
  std::size_t prompts = 0;
  for (const Json& one : file[file.contains("prompts") ? "prompts" : "cases"]) {
    if (!one.contains("messages")) continue;
    ++prompts;
    EXPECT_EQ(chat.apply(one["messages"]), one["prompt"].get<std::string>());
  }
  EXPECT_GE(prompts, 5u);
}

TEST(Template, ErrorsNameTheLine) {
  EXPECT_ERROR(Template("a\n{% if x %}"), "line 2: found the end of the template");
  EXPECT_ERROR(Template("{{ x"), "line 1: a '{{' without its '}}'");
  EXPECT_ERROR(Template("\n\n{{ x | trimm }}"), "line 3: there is no filter 'trimm', did you mean 'trim'");
  EXPECT_ERROR(Template("{% include 'a' %}"), "the block 'include' is not supported");
  EXPECT_ERROR(Template("{% for a in b recursive %}{% endfor %}"), "recursive");
  EXPECT_ERROR(Template("{% break %}"), "outside of a loop");
  EXPECT_ERROR(Template("{{ 'a }}"), "a string does not end");
  EXPECT_ERROR(Template("{{ 1 < 2 < 3 }}"), "a chain of comparisons");
  EXPECT_ERROR(Template("{{ " + std::string(500, '(') + "x" + std::string(500, ')') + " }}"), "nested deeper");
  EXPECT_ERROR(render("\n{{ x.y }}"), "line 2: 'x' is undefined");
  EXPECT_ERROR(render("{{ x() }}"), "'x' is undefined and cannot be called");
  EXPECT_ERROR(render("{% if a %}{% endif %}\n{{ raise_exception('no ' ~ 1) }}"), "line 2: the template says: no 1");
  EXPECT_ERROR(render("{{ 1 / 0 }}"), "division by zero");
  EXPECT_ERROR(render("{{ [1].append(2) }}"), "would change a value");
  EXPECT_ERROR(render("{% set x.y = 1 %}"), "is no namespace");
}

TEST(Template, TimeAndMemoryAreBounded) {
  const Template loops("{% for a in range(1000) %}{% for b in range(1000) %}{{ b }}{% endfor %}{% endfor %}");
  EXPECT_ERROR(loops.render(Json::object(), {.steps = 100'000}), "the template takes more than 100000 steps");
  EXPECT_ERROR(loops.render(Json::object(), {.output = 1000}), "writes more than 1000 bytes");
  EXPECT_ERROR(
      render("{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"),
      "a text grows beyond");
  EXPECT_ERROR(render("{{ 'ab' * 1000000000000 }}"), "a text grows beyond");
  EXPECT_ERROR(render("{{ range(1000000000000) | length }}"), "range() of more than");
  EXPECT_ERROR(render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), "macros call each other more than");
  EXPECT_ERROR(
      render("{% set ns = namespace(l=[]) %}{% for i in range(100) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}"),
      "nested deeper");
}

TEST(ChatTemplate, Messages) {
  const ChatTemplate chat(
      "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
      "{% if add_generation_prompt %}>{% endif %}{% if tools is none %}-{% endif %}{{ more }}",
      "<s>", "</s>");
  const Json messages = Json::parse(R"([{"role":"user","content":"Hi"}])");
  EXPECT_EQ(chat.apply(messages), "<s>[user]Hi>-");
  const Json more = {{"more", 1}};
  EXPECT_EQ(chat.apply(messages, false, &more), "<s>[user]Hi-1");
  EXPECT_ERROR(chat.apply(Json::array()), "at least one message");
  EXPECT_ERROR(chat.apply(Json::parse(R"([{"content":"Hi"}])")), "an object with a 'role'");
  EXPECT_ERROR(ChatTemplate("{{", "", ""), "the chat template, line 1");
}

}  // namespace
}  // namespace frugal
