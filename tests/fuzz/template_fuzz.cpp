#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "language/jinja/template.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  static const auto variables = nlohmann::ordered_json::parse(
      R"({"messages":[{"role":"user","content":"Hi é"},{"role":"assistant","content":"x","n":[1,2.5,null,true]}],
          "add_generation_prompt":true,"tools":null,"s":"a b,c","l":[3,1,2]})");
  Template(text).render(variables, {.steps = 20'000, .output = 1u << 20});
}

std::vector<std::string> seeds() {
  return {
      "{% for m in messages %}{% if loop.first and m['role'] != 'x' %}{{ '<|' + m.role | upper }}{% endif %}"
      "{{- m.content.strip().split(' ')[-1] ~ '\\n' }}{% else %}{% endfor %}",
      "{%- set ns = namespace(a=1, b='x') -%}\n{%- for i in range(3, 0, -1) %}{% set ns.a = ns.a * 2 %}{% endfor -%}"
      "{{ ns.a // 3 % 5 ** 2 - -1 }}",
      "{% macro m(x, y='d') %}{{ x[::-1] }}{{ y[1:2] }}{% endmacro %}{{ m(s) }}{{ m(l, y='abc') | length }}",
      "{{ messages | map(attribute='role') | join(', ') }}{{ l | sort(reverse=true) | tojson(indent=2) }}"
      "{{ messages | selectattr('n', 'defined') | list | first | default('q') }}",
      "{# c -#} {% raw %}{{ {% endraw %}{% set q | trim %} a {% endset %}{{ q if q is not none else l is in [1] }}",
      "{{ s.replace('a', 'bb').find(',') }}{{ {'a': [1, (2,)], 'b': {}}.items() | list }}{{ 'ab' * 3 < 'b' and 1 in l "
      "}}"};
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
