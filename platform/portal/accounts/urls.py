"""Addresses of signing in, forgotten passwords and the choice of a language."""

from django.urls import path
from django.views.i18n import set_language

from portal.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.SignIn.as_view(), name="sign_in"),
    path("sign-out", views.SignOut.as_view(), name="sign_out"),
    path("password", views.PasswordReset.as_view(), name="password_reset"),
    path("password/sent", views.PasswordResetSent.as_view(), name="password_reset_sent"),
    path("password/changed", views.PasswordChanged.as_view(), name="password_changed"),
    path("password/<uidb64>/<token>", views.NewPassword.as_view(), name="new_password"),
    path("language", set_language, name="language"),
]
