"""People who sign in, and what each may do."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do: readers take studies, researchers run them, administrators also manage people.

    Coordinators look after readers: they see how far each is, and never which arm anybody is in.
    """

    READER = "reader", _("Reader")
    COORDINATOR = "coordinator", _("Coordinator")
    RESEARCHER = "researcher", _("Researcher")
    ADMINISTRATOR = "administrator", _("Administrator")


class UserManager(DjangoUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(  # type: ignore[override]  # our users have no user name
        self, email: str, password: str | None = None, *, role: str = Role.READER, **fields: Any
    ) -> User:
        """A user of this role; without a password they cannot sign in by one."""
        user = self.model(email=self.normalize_email(email).lower(), role=role, **fields)
        user.is_staff = role in {Role.RESEARCHER, Role.ADMINISTRATOR}
        user.is_superuser = role == Role.ADMINISTRATOR
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(  # type: ignore[override]  # as above
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """An administrator."""
        return self.create_user(email, password, **(fields | {"role": Role.ADMINISTRATOR}))


class User(AbstractUser):
    """A person; study data never point here but through a pseudonymous `studies.Reader`."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.READER)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        ordering = ("email",)

    def __str__(self) -> str:
        return self.email

    @property
    def is_researcher(self) -> bool:
        """May use the panel."""
        return self.is_active and self.role in {Role.RESEARCHER, Role.ADMINISTRATOR}

    @property
    def is_coordinator(self) -> bool:
        """May see readers' progress, as researchers may."""
        return self.is_researcher or (self.is_active and self.role == Role.COORDINATOR)

    @property
    def is_administrator(self) -> bool:
        """May manage people."""
        return self.is_active and self.role == Role.ADMINISTRATOR
