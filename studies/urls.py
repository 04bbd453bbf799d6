"""Addresses of the reading room; they tell nothing of what is shown."""

from django.urls import include, path

from studies.views import (
    agreement,
    answers,
    between,
    events,
    home,
    invitation,
    payloads,
    questionnaires,
    reading,
    receipt,
)

reading_room = [
    path("invitation/<str:token>", invitation.invitation, name="invitation"),
    path("study/<int:pk>/", home.study, name="study"),
    path("study/<int:pk>/consent", agreement.consent, name="consent"),
    path("study/<int:pk>/leave", agreement.withdraw, name="withdraw"),
    path("study/<int:pk>/closed", agreement.closed, name="closed"),
    path("study/<int:pk>/instructions", between.instructions, name="instructions"),
    path("study/<int:pk>/break", between.pause, name="pause"),
    path("study/<int:pk>/next-session", between.between_sessions, name="between_sessions"),
    path("study/<int:pk>/thanks", between.thanks, name="thanks"),
    path("study/<int:pk>/ask/<slug:where>/<slug:name>", questionnaires.questionnaire, name="questionnaire"),
    path("study/<int:pk>/ask/<slug:where>/<slug:name>/answer", questionnaires.answer, name="questionnaire_answer"),
    path("study/<int:pk>/plate/<int:number>", questionnaires.plate, name="plate"),
    path("study/<int:pk>/receipt", receipt.receipt, name="receipt"),
    path("s/", home.resume, name="resume"),
    path("s/<str:token>/", reading.trial, name="trial"),
    path("s/<str:token>/change", reading.change, name="change"),
    path("s/<str:token>/image", payloads.image, name="image"),
    path("s/<str:token>/altered", payloads.altered, name="altered"),
    path("s/<str:token>/header", payloads.header, name="header"),
    path("s/<str:token>/overlay/<str:letter>", payloads.overlay, name="overlay"),
    path("s/<str:token>/answer", answers.answer, name="answer"),
    path("s/<str:token>/events", events.events, name="events"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("", include((reading_room, "studies"))),
]
