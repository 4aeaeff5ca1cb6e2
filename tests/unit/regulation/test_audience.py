from hypothesis import given
from hypothesis import strategies as st

from workers.regulation.audience import concerns

CITY = "H29"
TOPICS = st.sets(st.sampled_from(["transport", "health", "education"]), max_size=3)
AREAS = st.sets(st.sampled_from([CITY, "H29.26740", "H29.26743"]), max_size=3)


def test_topic_and_area_both_have_to_fit():
    assert concerns({"health"}, {"H29.26740"}, {"health", "transport"}, {"H29.26740"}, CITY)
    assert not concerns({"health"}, {"H29.26740"}, {"transport"}, {"H29.26740"}, CITY)
    assert not concerns({"health"}, {"H29.26740"}, {"health"}, {"H29.26743"}, CITY)


@given(topics=TOPICS, areas=AREAS, wanted=TOPICS)
def test_who_wants_the_whole_city_gets_every_area_of_the_topics_wanted(topics, areas, wanted):
    assert concerns(topics, areas, wanted, {CITY}, CITY) == bool(topics & wanted)


@given(topics=TOPICS, wanted=TOPICS, wanted_areas=AREAS)
def test_what_is_about_the_whole_city_concerns_every_area(topics, wanted, wanted_areas):
    assert concerns(topics, {CITY}, wanted, wanted_areas, CITY) == bool(topics & wanted)


@given(topics=TOPICS, areas=AREAS, wanted=TOPICS, wanted_areas=AREAS)
def test_who_chose_nothing_gets_nothing_and_choosing_more_loses_nothing(topics, areas, wanted, wanted_areas):
    assert not concerns(topics, areas, set(), wanted_areas, CITY)
    if concerns(topics, areas, wanted, wanted_areas, CITY):
        assert concerns(topics, areas, wanted | {"health"}, wanted_areas | {"H29.26743"}, CITY)
