"""Writes expressions.json and chat.json: templates with what Jinja2 makes of them, set up as transformers does.

usage: make.py FOLDER   (of chat templates, NAME.jinja: models/templates of llama.cpp's sources)
"""
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

HERE = pathlib.Path(__file__).parent
CHAT = ["Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "meta-llama-Llama-3.1-8B-Instruct", "google-gemma-2-2b-it",
        "mistralai-Mistral-Nemo-Instruct-2407", "microsoft-Phi-3.5-mini-instruct",
        "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"]


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: "26 Jul 2024"
    return env


def render(template, variables):
    try:
        return environment().from_string(template).render(**variables)
    except (jinja2.exceptions.TemplateError, jinja2.sandbox.SecurityError, TypeError, ValueError, ZeroDivisionError):
        return None


TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells the weather, \"now\"", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "Où?"}}, "required": ["city"]}}}
TALKS = [
    [{"role": "user", "content": "Hello"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi\n there "},
     {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "日本 {{ x }} <b>'\"</b>"}],
    [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>\nsum\n</think>\n\n4"},
     {"role": "user", "content": "3+3?"}],
    [{"role": "user", "content": "Weather?"},
     {"role": "assistant", "content": "", "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {
         "name": "weather", "arguments": {"city": "Zürich", "days": [1, 2.5, True, None]}}}]},
     {"role": "tool", "tool_call_id": "abcdefghi", "name": "weather", "content": "{\"t\": 20}"},
     {"role": "assistant", "content": "20 degrees"}, {"role": "user", "content": "Thanks"}],
    [{"role": "assistant", "content": "I begin"}],
]


def chat_variables():
    for messages in TALKS:
        for more in ({}, {"add_generation_prompt": True}, {"add_generation_prompt": True, "tools": [TOOL]},
                     {"add_generation_prompt": True, "enable_thinking": False}):
            yield {"messages": messages, "bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None,
                   "add_generation_prompt": False, "date_string": "26 Jul 2024", **more}


VALUES = {"a": 7, "b": -3, "x": 2.5, "s": "Hello, Wörld", "e": "", "n": None, "t": True, "l": [3, 1, 2], "m": ["b", "A", "c"],
          "d": {"k": "v", "items": 1, "z": [1, {"y": "q'\""}]}, "p": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, {"n": "x"}]}
EXPRESSIONS = r"""
a + b|a - b * 2|a // b|a % b|a / 2|a ** 2|-a // 2|7 // -2|7 % -2|x * 2|a ~ b ~ s|1 + 2 * 3 - 4|(1 + 2) * 3|-x|abs
a == 7|a != 7 or t|a > b and not n|a in l|3 in l|'k' in d|'ell' in s|4 not in l|n is none|u is defined|u is not defined
t and 1|0 or 'x'|not e|1 if t else 2|(1 if e) is defined|a is odd|a is divisibleby 7|s is string|d is mapping|l is iterable
x is float|a is integer|t is boolean|t is true|n is number|l is sequence|s is upper|a is eq 7|a is in l|u is undefined
s[0]|s[-1]|s[1:4]|s[::-1]|s[-3:]|l[0]|l[-1]|l[1:]|l[::-1]|s[8:100]|s[7]|d.k|d['k']|d.z[1].y|d['items']|p[0].n|d.nope
s.upper()|s.lower()|s.split(', ')|s.split()|s.startswith('He')|s.endswith(('x', 'ld'))|s.replace('l', 'L')|s.replace('l', 'L', 1)
s.strip('Hd')|'  x '.strip()|'xxaxx'.lstrip('x')|'a,b,c'.split(',', 1)|'a,b,c'.rsplit(',', 1)|'a b'.title()|'aBC'.capitalize()
s.find('W')|s.find('zz')|s.count('l')|'-'.join(m)|'12'.isdigit()|'ab'.isalpha()|'a\nb\r\nc'.splitlines()|d.keys() | list|d.get('q')
d.get('q', 5)|d.items() | list|d.values() | list|l.index(1)|l.count(3)|[1, 'a', None, True, 2.0, [1], {'q': 'it\'s'}]|(1, 2)|(1,)
s | length|l | length|d | length|l | sort|m | sort|m | sort(case_sensitive=true)|l | sort(reverse=true)|l | first|l | last|l | reverse | list
l | join('-')|p | map(attribute='n') | join(',')|p | map(attribute='v', default=0) | list|m | map('upper') | list|l | sum|l | max|l | min
p | selectattr('n', 'equalto', 'x') | list | length|p | selectattr('v', 'defined') | list|p | rejectattr('v', 'defined') | list
l | select('odd') | list|l | reject('odd') | list|l | select('gt', 1) | list|m | unique | list|s | trim|s | upper | lower|s | title
s | default('q')|u | default('q')|e | default('q', true)|n | default('q')|s | replace('l', '')|s | capitalize|x | round|x | int|'3' | int
'x' | int(9)|'2.5' | float|a | float|1.0|1e20|1e16|123456789.125|1e-5|0.1 + 0.2|100000000000000000000.0|1.5e300|2.0 ** 0.5|10 ** 15 + 0.5
d | tojson|d | tojson(indent=2)|l | tojson|s | tojson|[1.5, None, true, "a\"b\n"] | tojson|{"b": 1, "a": 2} | tojson(sort_keys=true)
d | items | list|d | dictsort|s | list | length|[] | first | default('none')|'<a&"' | e|'a\nb\n\nc' | indent|'a\nb' | indent(2, true)
range(5) | list|range(1, 10, 3) | list|range(3, 0, -1) | list|dict(a=1, b=2)|s | wordcount|'%s' ~ 1|"a" "b"|'\x41\u00e9\t'|-a ** 2
u | length|none | select | list|1 in u|1 not in u|u ~ 'x'|l + [4]|'ab' * 3|[0] * 3|none|true|false|None|s == 'Hello, Wörld'|[1, 2] == [1, 2]|{'a': 1} == {'a': 1.0}|1 == true
1 / 0|u + 1|u.x|'a' + 1|l.append(4)|raise_exception('no')|s.nope()|1 < 'a'|[] | max | default('empty')|'a' < 'b'|'ß'.upper()|'İ'.lower()
""".strip().splitlines()
BLOCKS = [
    "{% for i in l %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ ', ' if not loop.last }}{% else %}none{% endfor %}",
    "{% for i in [] %}x{% else %}none{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for i in l if i > 1 %}{{ loop.index0 }}{{ i }}{{ loop.first }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}",
    "{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}",
    "{% for i in l %}{{ loop.cycle('o', 'e') }}{{ loop.revindex }}{% endfor %}",
    "{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }},{% endfor %}{{ x }}",
    "{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "{% set q %}a{{ a }}{% endset %}[{{ q }}]{% set q | upper %}b{{ a }}c{% endset %}[{{ q }}]",
    "{% set q, r = 1, 2 %}{{ q + r }}", "{% filter upper %}a{{ s }}{% endfilter %}",
    "{% macro m(x, y='d', z=none) %}<{{ x }}{{ y }}{{ z }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(x=3, z=4) }}{{ m(1) | length }}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(4) }}",
    "{% if a > 9 %}x{% elif a > 6 %}y{% else %}z{% endif %}", "{% if not t %}x{% endif %}-",
    "a\n  {% if t %}\n  b\n  {% endif %}\nc\n", "a\n  {%- if t -%}\n  b\n  {%- endif -%}\nc\n", "a {%+ if t +%}\n b {% endif %}\n",
    "  {{ a }}\n  {{- b -}}  \n x\n\n", "{# one #}\na{# two -#}  \nb\n  {# three #}\nc", "{% raw %}{{ x }}{% endraw %}\n{{ a }}",
    "{%- raw -%}  {% x %} {%- endraw -%}  z", "x\r\ny{% if t %}\r\nz{% endif %}\r\n", "{% generation %}{{ s }}{% endgeneration %}",
    "{{ '{{' }}{{ \"}}\" }}{{ {'a': {'b': 1}}['a']['b'] }}", "{{ [1, 2,] | length }}{{ {'a': 1,} | length }}",
    "{%- for m in p %}\n    {%- if m.v is defined %}\n{{ m.n }}\n    {%- endif %}\n{%- endfor %}\n", "\n\n{{ a }}\n\n",
    "{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for c in 'añb' %}{{ c }}.{% endfor %}", "{% set l2 = l + [9] %}{{ l2 }}{{ l }}", "{{ t }} {{ n }} {{ u }} {{ x }}",
    "{% for a in l %}{{ a }}{% endfor %}{{ a }}", "{% if u %}x{% else %}y{% endif %}", "{{ m | map('length') | sum }}",
]


def main():
    templates = ["{{ " + one + " }}" for line in EXPRESSIONS for one in split_line(line)] + BLOCKS
    write("expressions.json", [{"values": VALUES}] + [
        {"template": one, "cases": [{"text": render(one, VALUES)}]} for one in templates])
    chats = []
    for name in CHAT:
        template = (pathlib.Path(sys.argv[1]) / f"{name}.jinja").read_text(encoding="utf-8")
        chats.append({"name": name, "template": template,
                      "cases": [{"variables": v, "text": render(template, v)} for v in chat_variables()]})
    write("chat.json", chats)


def write(name, entries):
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    (HERE / name).write_text(f"[{lines}]\n", encoding="utf-8")


def split_line(line):
    """At '|' without a blank before it, which filters have."""
    parts, start = [], 0
    for i, c in enumerate(line):
        if c == "|" and line[i - 1] != " ":
            parts.append(line[start:i])
            start = i + 1
    return parts + [line[start:]]


if __name__ == "__main__":
    main()
