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
                   "a greater value"),
        "smaller": ("a smaller number", "a smaller amount", "the lower price", "less money", "the old price",
                    "the price before which is smaller", "the start price", "a lower price", "less"),
        "second": ("the second 20%", "the 20% off", "the second 20 percent", "the 20% that they take away",
                   "the 20% at the end", "the lowering", "the 20 % down", "the discount"),
        "first": ("the first 20%", "the 20% up", "the first 20 percent", "the 20% they add", "the raise",
                  "the increase", "the 20% at the start"),
        "same": ("the same", "the same price", "equal", "back where it started", "the same as before"),
        "it": ("the price", "it", "the thing", "the cost"),
        "who": ("sana", "sana", "she", "she"),
    }
)  # fmt: skip

NO = (
    "no", "no", "no she isn't", "no she is not right", "{who} is wrong", "{who} is not right",
    "{who} isn't right", "{who} made a mistake", "i don't agree with sana", "that's not true",
    "it isn't {same}", "false", "not right", "{it} is not back where it started", "{who} is incorrect",
    "nope", "i think sana is wrong", "i disagree", "it does not go back", "{who} is mistaken",
    "i wouldn't say she is right", "{it} won't be {same}",
)  # fmt: skip
YES = (
    "yes", "yes", "yes she is", "yes she is right", "{who} is right", "{who} is correct",
    "{who} isn't wrong", "{who} did not make a mistake", "i agree with sana", "that's true", "it is {same}",
    "true", "she has it right", "{it} is back where it started", "i don't see why she would be wrong",
    "yep", "i think sana is right", "yeah", "it does go back", "{who} is not wrong", "there is no mistake",
    "{it} will be {same}",
)  # fmt: skip

# Complete reasons: the second 20 % is taken of a bigger amount (or the first of a smaller one).
FULL = (
    "{second} is [taken|] [of|from] {bigger}",
    "{second} is of {bigger} [and|while] {first} was of {smaller}",
    "{first} was from {smaller} [so|and] it is less than {second}",
    "20% of {bigger} is more than 20% of {smaller}",
    "{second} takes away more than {first} put on",
    "the 20% are not from the same number, the second one is from {bigger}",
    "when you take 20% off after it went up you are taking it from {bigger}",
    "{it} got bigger so 20% of it [is|got] bigger too and they take off more than they added",
    "they add 20% of {smaller} but take away 20% of {bigger}",
    "the percent is the same but the price was [higher|bigger] the second time so you lose more",
    "20% of the new price is more than 20% of the old price",
    "they lowered the new price and that was higher, so {second} is more money",
    "the amount they took off is bigger than the amount they put on because the price was higher by then",
    "{it} goes up from a small number and comes down from a big one",
    "a percent depends on what you take it from and the second time that was {bigger}",
    "when it is raised you take 20% of {smaller} and when it is lowered you take it of {bigger}",
    "the second time the whole is bigger so its 20% is bigger",
    "you have to take {second} from the price which was already raised so it goes down by more",
    "going down by 20% from {bigger} is more than going up by 20% from {smaller}",
    "{second} is calculated with the new price so it is a bigger part than {first}",
    "{it} drops more than it rose since {second} counts from {bigger}",
    "up is 20% of the original but down is 20% of something that is higher",
    "they take off 20% of a price that already has 20% on top so it comes out under the old price",
    "you multiply by 1.2 and then by 0.8 and that is 0.96 so it is lower",
    "after both changes only 96% of the price is left",
    "1.2 times 0.8 is less than 1",
    "the base changed, it was small for {first} and large for {second}",
    "{second} is worth more because there is more to take it from",
    "it ends lower since you subtract more than you added, the 20% grew with the price",
    "the 100% is not the same any more, for {second} it is {bigger}",
)

# Reasons that are incomplete: a right thought without what makes it happen.
PARTIAL = (
    "the two 20% are not the same", "the price will be different", "it will be lower [than before|]",
    "it is cheaper now", "percents don't work like that", "the price changed in between",
    "you can't just add and subtract percents", "the amounts are different",
    "it ends up at a different price", "20% of one number isn't the same as 20% of another number",
    "it would be a bit less", "they are different prices", "the new price is not the same as the old price",
    "they took 20% of the new price", "{it} has changed so the percent changed",
    "you have to work out 20% again", "you lose some money", "20% up is not the same as 20% down",
    "it depends on the price", "it will not come out equal",
    "it is lower than it was at the start but i can't say why", "the 20% was taken from another number",
    "adding and taking away 20% is never {same}", "the numbers are not the same any more",
    "you need to take 20% of the other price", "they used the new price",
)  # fmt: skip
# The right relation turned round: a reason, but a wrong one.
TURNED = (
    "{second} is [taken|] [of|from] {smaller}",
    "{second} is of {smaller} [and|while] {first} was of {bigger}",
    "{first} was from {bigger} so it is more than {second}",
    "{second} takes away less than {first} put on",
    "the 20% are not from the same number, the second one is from {smaller}",
    "{it} is higher now because they took off less than they put on",
    "20% of the new price is less than 20% of the old price",
    "it ends higher since you subtract less than you added",
    "they add 20% of {bigger} but take away 20% of {smaller}",
    "going down by 20% from {smaller} is less than going up by 20% from {bigger}",
    "the price is still bigger than at the start",
    "{second} is a smaller part than {first}",
    "it drops less than it rose so it is more expensive now",
    "it should be 40% because they changed it two times",
    "you have to take off 25% to be lower than before",
)
CANCEL = (
    "{first} and {second} cancel [out|each other]",
    "you add 20% and [then|] take away 20% so it is {same}",
    "+20 and -20 is 0",
    "20% up and 20% down is {same}",
    "{second} is [just|] as big as {first}",
    "they take away what they put on",
    "it went up and down by the same amount",
    "20% is 20% no matter what it is taken from",
    "it's the same percent both times",
    "if you go up 20 steps and down 20 steps you are where you started",
    "the shop took off the 20% that they put on before",
    "{second} undoes {first}",
    "both are 20% so nothing changed",
    "the bigger price loses the same 20% that it got",
    "{it} got 20% bigger and then 20% smaller so there is no difference",
    "it does not matter that the price is higher, 20% stays 20%",
    "plus and minus are opposites",
    "20% of the price was added and 20% of the price was taken off again",
    "there is nothing lost and nothing gained",
    "a rise and a fall of the same size are zero",
    "the percent is not different so the price is not different",
    "you just take the 20% back",
)
IRRELEVANT = (
    "shops always want more money", "the shop would lose customers", "prices never go down",
    "a week is too short", "it depends on the shop", "she did not look at the price",
    "maybe the shop has a sale", "there is tax on it", "you can't trust shops",
    "nobody knows what it costs", "they didn't say what the price is", "she should ask the shop",
    "20% is a lot of money", "20% is not that much", "things get more expensive every year",
    "i did it in my head", "because of the percent", "because i worked it out", "20% is a fifth",
    "you have to do the sum", "i just know it", "she is good at maths", "it is about percents",
    "one week later is not the same day", "20 is less than 100",
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
    "it's easy", "that is what i got", "i did it in my head",
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
