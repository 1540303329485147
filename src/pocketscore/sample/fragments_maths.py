"""Hand-written fragments of the simulated mathematics item `price-up-down`; every line is our own.

Markup as in `fragments_science`. Worked examples hold number roles that `pocketscore.sample.maths` computes:
`{p}` start price, `{inc}` rise, `{up}` raised price, `{dec}` fall, `{end}` last price. The same templates
serve right and wrong arithmetic, so that only the numbers tell them apart.
"""

from collections.abc import Mapping
from types import MappingProxyType

SLOTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "bigger": ("a bigger number", "a bigger amount", "the higher price", "more money", "the raised price",
                   "the new price which is bigger", "a larger price", "the price after it went up",
                   "a greater value", "the dearer price", "something more expensive", "a price that's up",
                   "the increased price", "a larger total", "the expensive one", "a high price"),
        "smaller": ("a smaller number", "a smaller amount", "the lower price", "less money", "the old price",
                    "the price before which is smaller", "the start price", "a lower price", "less",
                    "the cheaper price", "something cheaper", "a little price", "the original",
                    "a smaller total", "the beginning price", "the low one"),
        "second": ("the second 20%", "the 20% off", "the second 20 percent", "the 20% that they take away",
                   "the 20% at the end", "the lowering", "the 20 % down", "the discount", "the reduction",
                   "the cut", "the drop", "the decrease", "the sale", "the next 20%", "the minus 20%"),
        "first": ("the first 20%", "the 20% up", "the first 20 percent", "the 20% they add", "the raise",
                  "the increase", "the 20% at the start", "the rise", "the plus 20%", "the extra",
                  "the one before", "the putting up"),
        "same": ("the same", "the same price", "equal", "back where it started", "the same as before",
                 "what it was", "the original price", "unchanged", "like at the start"),
        "it": ("the price", "the price", "it", "the thing", "the cost", "what you pay", "the amount"),
        "who": ("sana", "sana", "she", "she"),
    }
)  # fmt: skip

NO = (
    "no", "no she isn't", "no she is not right", "{who} is wrong", "{who} isn't right",
    "{who} made a mistake", "i don't agree with sana", "that's not true", "it isn't {same}", "false",
    "{it} is not back where it started", "{who} is incorrect", "nope", "i think sana is wrong",
    "i disagree", "it does not go back", "{who} is mistaken", "i wouldn't say she is right", "nah",
    "{who} messed up", "{who} got it wrong", "that can't be right", "it doesn't work [out|] like that",
    "{who} is off", "i don't believe her", "that's a mistake", "{who} hasn't thought about it properly",
    "no way", "that isn't what happens", "she fell for it", "{who} is talking rubbish", "that's nonsense",
    "i'd give her a cross for that", "her teacher wouldn't be happy with it", "she'd better think again",
    "what she says is a myth", "poor sana, she is confused", "{who} missed something", "i doubt it",
    "she mixed it up", "her sum has a bug", "she got tricked", "this claim is bogus",
    "{who} overlooked a detail", "her thinking has a hole", "i would argue with her",
    "that statement fails", "{who} slipped up", "not at all", "i have to contradict sana",
    "she guessed badly", "it's a common error to say that", "{who} failed this one",
    "she jumped to conclusions", "you can't say that", "i am against sana here", "she should check again",
    "i reject that", "untrue", "{who} has got the wrong end of the stick", "that's a fallacy", "hardly",
    "sana, that's too simple", "she would lose points for that", "it only looks that way",
    "i'm not with her on this",
)  # fmt: skip
YES = (
    "yes", "yes she is", "yes she is right", "{who} is right", "{who} is correct", "{who} isn't wrong",
    "{who} did not make a mistake", "i agree with sana", "that's true", "it is {same}", "true",
    "{it} is back where it started", "i don't see why she would be wrong", "yep", "i think sana is right",
    "yeah", "it does go back", "{who} is not wrong", "there is no mistake", "sure", "{who} got it",
    "{who} is spot on", "correct", "of course she is", "she worked it out well",
    "i would say the same as her", "her answer is fine", "good job sana", "{it} didn't change",
    "sana knows her maths", "nothing wrong with that", "you can believe her", "obviously she is right",
    "{who} nailed it", "bravo sana", "i'd give her a tick for that", "her teacher would be happy with it",
    "clever girl", "what she says is a fact", "i'm with her on this", "her thinking is perfect",
    "i have to agree with her", "well done", "that statement holds", "absolutely", "definitely", "exactly",
    "she solved it", "you can't argue with that", "she would get full points for that", "i back sana here",
    "i trust her", "no error there", "{who} understood it", "i came to the same thing",
    "it makes total sense what she says", "she's smart", "i'd say so too", "her claim is fine",
    "no doubt about it", "that's how it is", "she thought about it properly", "totally",
    "full marks for sana", "i support that",
)  # fmt: skip

WORKED = (
    "[if|when|say] {it} is {p} then 20% more is {up} and 20% off {up} is {end}",
    "{p} + {inc} = {up} and {up} - {dec} = {end}",
    "{p}+{inc}={up}, {up}-{dec}={end}",
    "say it costs {p}, 20% of {p} is {inc} so it goes [up|] to {up}, then 20% of {up} is {dec} so now {end}",
    "for example {p} goes to {up} and then {up} goes to {end}",
    "lets say {p}. 20% is {inc} so {up}. 20% of {up} is {dec}. {up} - {dec} is {end}",
    "{p} x 1.2 = {up} and {up} x 0.8 = {end}",
    "it was {p} first, then {up}, then {end}",
    "i tried it with {p} and got {up} and then {end}",
    "{inc} is 20% of {p} but {dec} is 20% of {up}, so the last price is {end}",
    "imagine something for {p}, it goes up by {inc} and down by {dec} so you pay {end}",
    "start {p}, up 20% {up}, down 20% {end}",
    "with {p} you get {up} after the first week and {end} after the second",
    "you pay {end} if it was {p} before because it was {up} in the middle",
    "{p} -> {up} -> {end}",
    "a [game|shirt|bag|phone] for {p} would be {up} and after that {end}",
    "the price goes {p} to {up} and 20% from {up} is {dec} which makes {end}",
    "if you take {p} and add 20% it makes {up}, take away 20% and it makes {end}",
    "20% of {p} = {inc}. 20% of {up} = {dec}. {end} at the end",
)
LOWER_END = (
    "so it is {gap} less than before", "{end} is not {p}", "it is {gap} cheaper now",
    "{end} is less than {p}", "so it isn't back at {p}", "so it's lower than it was",
)  # fmt: skip
NEARLY = (
    "so she is nearly right", "so she is right more or less", "that is almost the same so yes",
    "so yes it goes back", "so sana is right because it goes down again",
    "it went up and went down so she is right",
)  # fmt: skip
# What others think, before the writer's own view.
OTHERS_CANCEL = (
    "[it looks like|you would think|sana thinks|most people think] {claim} but", "{claim} sounds right but",
    "my first idea was that {claim} but", "sana must think that {claim} but",
    "she is right that both are 20% but", "you can't say that {claim}, no,",
    "it would be true if {claim} but",
)  # fmt: skip
OTHERS_FULL = (
    "[my friend says|some say|my brother thinks] she is wrong because {claim} but",
    "you could say that {claim} but", "it is not true that {claim},",
    "i thought {claim} but then i saw that", "maybe {claim} but that doesn't matter,",
)  # fmt: skip
FILLER = (
    "that is my answer", "we did this in class", "i checked it twice", "i used a calculator",
    "it is a trick question", "so that is how it is", "that's how percents work",
    "you can try it with any number", "shops do this all the time", "my mum works in a shop so i know",
    "it's easy", "that is what i got", "i did it in my head", "hope this is right", "i did it on paper first",
    "we had a question like this [last week|in the test|yesterday]", "percents are my favourite",
    "my [dad|brother|cousin] showed me", "i had to think about this for a while", "it took me ages",
    "i saw that with my [shoes|jacket|phone|bike]", "ask my maths teacher", "i drew a bar for it",
    "you should do the sum before you say something", "i don't like these questions",
    "that happens in sales", "people get this wrong [a lot|all the time]", "maths is not my thing",
    "it's like the worksheet we did", "i'd like to see the price tag", "that is my explanation",
)  # fmt: skip
OFF_TOPIC = (
    "idk", "i don't know", "dont know", "no idea", "?", "i dunno", "i can't do percents", "pass",
    "i hate percents", "i need a calculator", "maths", "it costs 20", "20%", "40%", "20", "maybe",
    "the shop", "this is too hard", "i don't get it", "can you give the price",
    "she should buy it somewhere else", "who is sana", "sana is nice",
    "she should go to the shop and ask what it costs now", "it is a good price", "idk lol", "because it is",
    "n/a", "i would wait for a sale and then buy it",
    "you should always look at prices before you buy something",
)  # fmt: skip
# Whole answers of a few words, with the score that the rubric gives.
SHORT = (
    ("no", 0), ("yes", 0), ("no she isn't", 0), ("yes she is", 0), ("she is wrong", 0), ("she is right", 0),
    ("no it's lower", 1), ("no it's less now", 1), ("yes it's the same", 0), ("yes because 20-20 is 0", 0),
    ("no it's cheaper", 1), ("no the second 20% is of more", 2), ("no the second 20% is of less", 1),
    ("no it's 4% lower than before", 1), ("yes because both are 20%", 0), ("not the same 20%", 1),
    ("no, 20% of more is more", 2), ("no because 20% isn't always the same amount", 1), ("it's the same", 0),
    ("no it's more now", 1), ("yes 20% is 20%", 0), ("it stays the same", 0),
)  # fmt: skip
COPIES = (
    "a shop raises a price by 20% and a week later lowers the new price by 20%", "is she right? explain",
    "sana says the price is back where it started",
    "the shop raises the price and lowers the new price by 20%",
)  # fmt: skip
