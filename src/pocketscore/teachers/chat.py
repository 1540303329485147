"""From prompts to the token ids of one model, and from score codes to the tokens that write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pocketscore.errors import TeacherError
from pocketscore.llm.model import Codes, Prompt

BLANKS = "Ġ▁Ċĉč \n\r\t"
"""Blanks and line ends as vocabularies spell them."""

Path = tuple[int, ...]
"""Tokens that write a code."""


class Chat:
    """How one model reads prompts.

    Args:
        tokenizer: Of the model, from transformers.
    """

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 (transformers has no types)
        self._tokenizer = tokenizer
        special = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
        breakable = sorted(
            (mark for mark in special if len(mark) > 1 and mark.split() == [mark]), key=len, reverse=True
        )
        self._marks = re.compile("|".join(map(re.escape, breakable)) or "(?!)")

    def ids(self, prompt: Prompt) -> list[int]:
        """The prompt as the model reads it, up to where its answer begins; never cut."""
        system, user, ending = (self._disarmed(part) for part in (prompt.system, prompt.user, prompt.ending))
        if self._tokenizer.chat_template:
            text = self._rendered(Prompt(system, user, ending))
            return list(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
        ids = list(self._tokenizer(f"{system}\n\n{user}\n\n{ending}", verbose=False)["input_ids"])
        return ids[:-1] if ids[-1] == self._tokenizer.eos_token_id else ids

    def cut(self, text: str, tokens: int) -> str:
        """The beginning of an answer, at most so many tokens long."""
        # A text of a megabyte would be tokenised whole before it is cut.
        ids = self._tokenizer(text[: tokens * 20], add_special_tokens=False, verbose=False)["input_ids"]
        return text if len(ids) <= tokens else str(self._tokenizer.decode(ids[:tokens], skip_special_tokens=False))

    def paths(self, codes: Codes) -> tuple[tuple[Path, ...], ...]:
        """For each code the different ways to write it: with a blank or line end before or behind it, or without.

        Most vocabularies have one token for each. Some have none for a blank and a digit together: there the blank
        comes first, as a token of its own. A code without a token of its own is spelt.

        Raises:
            TeacherError: When the model's vocabulary cannot write a code.
        """
        tokens: dict[str, list[str]] = {code: [] for code in codes.characters}
        vocabulary: dict[str, int] = self._tokenizer.get_vocab()
        for token in vocabulary:
            if (stripped := token.strip(BLANKS)) in tokens:
                tokens[stripped].append(token)
        leading = any(token[0] in BLANKS for found in tokens.values() for token in found)
        blanks = [] if leading else sorted(vocabulary[blank] for blank in ("Ġ", "▁", " ") if blank in vocabulary)
        return tuple(
            tuple(self._ways(code, sorted(vocabulary[token] for token in found), blanks))
            for code, found in tokens.items()
        )

    def _ways(self, code: str, tokens: Sequence[int], blanks: Sequence[int]) -> Iterator[Path]:
        for token in tokens:
            yield (token,)
            yield from ((blank, token) for blank in blanks)
        if not tokens:
            spelt = tuple(self._tokenizer.encode(code, add_special_tokens=False))
            if not spelt or self._tokenizer.unk_token_id in spelt:
                raise TeacherError(f"the teacher's vocabulary cannot write {code!r}", "choose another model")
            yield spelt

    def _rendered(self, prompt: Prompt) -> str:
        """System and user turn; one user turn where the template refuses or drops the system's words."""
        from jinja2 import TemplateError

        system, user = prompt.messages
        try:
            text = self._turns(system, user)
        except TemplateError:
            text = ""
        if prompt.system.strip() not in text:
            text = self._turns({"role": "user", "content": f"{system['content']}\n\n{user['content']}"})
        return text

    def _turns(self, *messages: object) -> str:
        # Models that think first are told not to: the score is read from the first token of the answer.
        return str(
            self._tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        )

    def _disarmed(self, text: str) -> str:
        """The text without the model's own marks: an answer that spells one could end its turn and speak as another."""
        while self._marks.search(text):
            text = self._marks.sub(lambda mark: f"{mark[0][0]} {mark[0][1:]}", text)
        return text
