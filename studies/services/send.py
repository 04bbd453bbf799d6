"""Sending an invitation's link by e-mail, where somebody asks for it."""

from __future__ import annotations

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import NotAllowed, StudyError
from studies.models import Invitation


class NotSent(StudyError):
    """The e-mail could not be sent; the invitation stands, and its link can be sent by hand."""


def send_invitation(
    *, invitation: Invitation, link: str, actor: User, connection: BaseEmailBackend | None = None
) -> None:
    """Send the link to the invitation's address, in its language; the link is not kept.

    `connection` is an open one to the mail server, where many are sent.
    """
    if not actor.is_researcher:
        raise NotAllowed
    if not invitation.email:
        raise NotSent("This invitation has no e-mail address.")
    words = {"invitation": invitation, "study": invitation.study, "link": link, "sender": actor}
    with translation.override(invitation.language or settings.LANGUAGE_CODE):
        subject = gettext("Invitation to read: %(title)s") % {"title": invitation.study.title}
        body = render_to_string("studies/panel/invitation_email.txt", words)
    try:
        send_mail(" ".join(subject.split()), body, None, [invitation.email], connection=connection)
    except (SMTPException, OSError) as error:
        raise NotSent(f"The e-mail to {invitation.email} could not be sent ({error}); send the link by hand.") from None
    invitation.sent_at = timezone.now()
    invitation.save(update_fields=["sent_at"])
    record(actor=actor, action="invitation.sent", subject=invitation)
