"""The stems that lists of leaked passwords are made of. With a capital, a year and a `!` they are no better."""

STEMS = frozenset(
    """
    password passwort passwd pass pwd secret login admin administrator root user guest master access welcome letmein
    changeme default temp test testing demo hello qwerty qwertz azerty asdf asdfgh zxcvbn iloveyou loveyou love lovely
    princess sunshine monkey dragon football baseball basketball soccer hockey superman batman spiderman pokemon
    starwars matrix shadow ninja samurai killer hunter ranger soldier cowboy pirate wizard magic phoenix tiger lion
    eagle panther cheese cookie chocolate banana orange apple pepper ginger summer winter spring autumn january february
    march april june july august september october november december monday tuesday wednesday thursday friday saturday
    sunday michael michelle jessica jennifer jordan charlie thomas daniel andrew joshua robert george william david
    james john maria anna laura nicole ashley amanda hannah matthew anthony alexander freedom whatever trustno nothing
    internet computer server email mail webmail office company business money dollar google facebook youtube linkedin
    twitter instagram windows linux ubuntu debian samsung iphone android mercedes ferrari porsche yamaha honda toyota
    liverpool chelsea arsenal barcelona manchester london paris berlin nairobi kenya africa america germany england
    jesus christ angel heaven blessed buster rocky maggie bailey harley cooper flower purple yellow silver golden
    black white green diamond crystal blink slipknot metallica eminem nirvana rainbow unicorn butterfly mustang corvette
    thunder lightning asshole fuckyou fuckoff pussy sexy biteme bitch trust family forever babygirl babyboy sweetie
    password1 abc123 qwerty123 admin123 pass123 welcome1 letmein1 p4ssw0rd zaq12wsx
    """.split()  # noqa: SIM905 (readable so)
)
