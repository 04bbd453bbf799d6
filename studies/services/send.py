"""Sending an invitation's link by e-mail, where somebody asks for it."""

from __future__ import annotations

from smtplib import SMTPException

from django.core.mail import send_mail
from django.template.loader import render_to_string

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import NotAllowed, StudyError
from studies.models import Invitation


class NotSent(StudyError):
    """The e-mail could not be sent; the invitation stands, and its link can be sent by hand."""


def send_invitation(*, invitation: Invitation, link: str, actor: User) -> None:
    """Send the link to the invitation's address; the link is not kept."""
    if not actor.is_researcher:
        raise NotAllowed
    if not invitation.email:
        raise NotSent("This invitation has no e-mail address.")
    words = {"invitation": invitation, "study": invitation.study, "link": link, "sender": actor}
    subject = f"Invitation to read: {invitation.study.title}"
    try:
        send_mail(
            " ".join(subject.split()),
            render_to_string("studies/panel/invitation_email.txt", words),
            None,
            [invitation.email],
        )
    except (SMTPException, OSError) as error:
        raise NotSent(f"The e-mail to {invitation.email} could not be sent ({error}); send the link by hand.") from None
    record(actor=actor, action="invitation.sent", subject=invitation)
