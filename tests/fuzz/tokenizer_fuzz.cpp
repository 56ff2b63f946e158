// A tokenizer.json, and after a byte 1 the text that it encodes.
#include "fuzz.h"
#include "language/tokenizer.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  const std::string_view all(reinterpret_cast<const char*>(input.data()), input.size());
  const std::size_t cut = std::min(all.find('\1'), all.size());
  const std::string_view text = all.substr(std::min(cut + 1, all.size()));
  const Tokenizer tokenizer(spec_from_json(all.substr(0, cut), ""));
  for (bool special : {false, true}) {
    const auto ids = tokenizer.encode(text, {.add_special = special, .parse_special = special});
    StreamDecoder stream(tokenizer);
    for (std::int32_t id : ids) stream.push(id);
    stream.finish();
    tokenizer.decode(ids, special);
  }
}

std::vector<std::string> seeds() {
  const std::string text = "\1ab a<s> \xC3\xA9 12ab";
  return {
      R"x({"model":{"type":"BPE","vocab":{"a":0,"b":1,"Ġ":2,"ab":3,"Ã":4},"merges":["a b"]},"added_tokens":[{"id":5,
            "content":"<s>","special":true,"lstrip":true}],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence",
            "pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}| ?[^\\s\\p{L}]+|\\s+(?!\\S)"},
         "behavior" : "Isolated"
},
            {"type":"ByteLevel","use_regex":false}]
}
})x" + text,
      R"x({"model":{"type":"BPE","vocab":{"<unk>":0,"▁":1,"a":2,"▁a":3,"<0xC3>":4},"merges":[["▁","a"]],"unk_token":"<unk>",
            "byte_fallback":true,"fuse_unk":true},"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
            {"type":"Replace","pattern":{"String":" "},"content":"▁"}]}})x" +
          text,
      R"x({"model":{"type":"Unigram","vocab":[["<unk>",0],["▁",-1],["a",-2.5],["ab",-3]],"unk_id":0},
            "pre_tokenizer":{"type":"Metaspace","prepend_scheme":"first"},"decoder":{"type":"Metaspace"}})x" +
          text,
      R"x({"model":{"type":"WordPiece","vocab":{"[UNK]":0,"a":1,"##b":2,"12":3},"unk_token":"[UNK]"},"normalizer":
            {"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"TemplateProcessing",
            "single":[{"SpecialToken":{"id":"x"}},{"Sequence":{"id":"A"}}],"special_tokens":{"x":{"ids":[1]}}}})x" +
          text};
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
