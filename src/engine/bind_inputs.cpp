#include "base/check.h"
#include "engine/program.h"

namespace frugal {
namespace {

bool is_symbol(const Dim& dim) { return !dim.fixed() && dim == Dim::symbol(dim.text()); }

}  // namespace

Bindings bind_inputs(const Graph& graph, const std::vector<Shape>& shapes) {
  Bindings bindings;
  std::map<std::string, std::string> said_by;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    const SymShape& wanted = value.type.shape;
    require(wanted.size() == shapes[i].size(), "input '{}' must have {} dims, [{}], not {}: {}", value.name,
            wanted.size(), to_string(wanted), shapes[i].size(), to_string(shapes[i]));
    for (std::size_t d = 0; d < wanted.size(); ++d) {
      if (!is_symbol(wanted[d])) continue;
      const std::string symbol = wanted[d].text();
      auto [bound, fresh] = bindings.try_emplace(symbol, shapes[i][d]);
      if (fresh) said_by[symbol] = value.name;
      require(bound->second == shapes[i][d], "input '{}' has {} = {}, but input '{}' says {}", value.name, symbol,
              shapes[i][d], said_by[symbol], bound->second);
    }
  }
  // Sizes that follow from others, and fixed ones.
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    SymShape here = frugal::bind(value.type.shape, bindings);
    require(here == SymShape(shapes[i].begin(), shapes[i].end()), "input '{}' must have shape [{}], here [{}], not {}",
            value.name, to_string(value.type.shape), to_string(here), to_string(shapes[i]));
  }
  return bindings;
}

}  // namespace frugal
