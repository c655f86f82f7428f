"""What the demo bot is asked and what it answers: a small shop, in English. Weights say how often an intent comes up."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["GREETING", "HUMAN", "LOST", "WISHES", "Script"]


class Script(NamedTuple):
    """An intent: how users put it and how the bot answers."""

    intent: str
    weight: float
    asks: tuple[str, ...]
    answers: tuple[str, ...]


GREETING: Final = Script(
    "greeting",
    1,
    ("hi", "hello", "hello there", "good morning", "hey", "hi, anyone there?", "good evening"),
    (
        "Hello! How can I help?",
        "Hi there! Ask me about orders, refunds or our shops.",
        "Welcome back! What can I do?",
    ),
)

HUMAN: Final = Script(
    "human",
    2,
    (
        "can I talk to a person?",
        "human please",
        "agent",
        "I want to speak with somebody",
        "is there anyone real here?",
    ),
    ("I am calling a colleague, one moment.", "Sure, somebody will be with you within five minutes."),
)

LOST: Final = Script(
    "NotHandled",
    1,
    (
        "asdf",
        "do you also do weddings for parrots?",
        "the thing with the thing from last time",
        "ok but what about the other one",
        "???",
        "my cousin said you know the blue trick",
        "no not that, the second half",
    ),
    ("Sorry, I did not get that.", "I am not sure what you mean. Could you put it differently?"),
)

WISHES: Final = (
    Script(
        "order_status",
        10,
        (
            "where is my order?",
            "has my parcel left yet",
            "track order 4711",
            "when will it arrive?",
            "my package is late",
            "status of my order please",
        ),
        (
            "It left our warehouse this morning.",
            "It arrives tomorrow between 9 and 12.",
            "It is waiting at your post office.",
        ),
    ),
    Script(
        "refund",
        5,
        (
            "I want my money back",
            "how do I return shoes?",
            "refund please",
            "the jacket does not fit, can I send it back?",
            "when do I get my refund?",
        ),
        (
            "You can return it within 30 days; I have sent you a label.",
            "Your refund is on its way, it takes three days.",
        ),
    ),
    Script(
        "opening_hours",
        6,
        (
            "when do you open?",
            "are you open on sundays?",
            "opening hours",
            "how long is the shop open today",
            "do you close at lunch?",
        ),
        (
            "We are open from 9 to 19, on Saturdays until 16.",
            "On Sundays we are closed, I am here all the time.",
        ),
    ),
    Script(
        "product_search",
        7,
        (
            "do you have rain boots?",
            "looking for a red scarf",
            "show me jackets under 80",
            "anything for kids?",
            "got this in size 42?",
        ),
        (
            "Here are three that fit.",
            "Yes, in four colours.",
            "Only one left in that size, shall I put it aside?",
        ),
    ),
    Script(
        "shipping_cost",
        4,
        (
            "how much is shipping?",
            "do you ship to Norway?",
            "is delivery free?",
            "express shipping price",
            "what does it cost to send two?",
        ),
        ("Shipping is free from 50, below it is 4.90.", "Express is 9.90 and arrives the next day."),
    ),
    Script(
        "change_address",
        3,
        (
            "I moved, please change my address",
            "wrong address on my order",
            "deliver to my office instead",
            "new address",
            "can you send it to my neighbour?",
        ),
        ("Done, it goes to the new address.", "Please tell me street and city."),
    ),
    Script(
        "payment",
        3,
        (
            "can I pay by invoice?",
            "my card was declined",
            "do you take cash on delivery",
            "which cards do you accept?",
            "pay later?",
        ),
        ("Card, invoice and bank transfer all work.", "Try again please, it works from here."),
    ),
    Script(
        "discount",
        3,
        (
            "any coupons?",
            "my discount code does not work",
            "student discount?",
            "is there a sale on?",
            "do I get points for this?",
        ),
        ("With SPRING10 you save ten percent.", "That code has run out, but here is another: HELLO5."),
    ),
    Script(
        "smalltalk",
        4,
        ("how are you?", "tell me a joke", "are you a robot?", "what is your name", "nice weather today"),
        (
            "I am well, thank you!",
            "I am a bot, but a friendly one.",
            "It is always sunny in the data centre.",
        ),
    ),
    Script(
        "thanks",
        5,
        ("thanks", "thank you!", "great, that helps", "perfect", "ok bye"),
        ("You are welcome!", "Any time. Have a nice day!"),
    ),
    HUMAN,
)
