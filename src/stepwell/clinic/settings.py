"""Django's settings, read from the clinic directory that STEPWELL_CLINIC names."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF

from stepwell.clinic.directory import SQLITE_FILE, VARIABLE, read

DIRECTORY = read(Path(os.environ[VARIABLE]))
ROOMS = (
    "pages",
    "access",
    "events",
    "people",
    "history",
    "chart",
    "authorisation",
    "safety",
    "stock",
    "sessions",
    "measures",
    "therapy",
    "rems",
    "outcomes",
    "board",
    "claims",
    "exchange",
)


def _database() -> dict:
    if DIRECTORY.database == "sqlite":
        # Never WAL: the SQLite of Python 3.11 can reset it wrongly. A transaction takes the write lock at its beginning.
        pragmas = "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": DIRECTORY.path / SQLITE_FILE, "OPTIONS": options}
    parts = urlsplit(DIRECTORY.database)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


DATABASES = {"default": {**_database(), "ATOMIC_REQUESTS": True, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = DIRECTORY.secret
DEBUG = False
IS_DEMO = DIRECTORY.demo
ALLOWED_HOSTS = [DIRECTORY.host, "127.0.0.1", "localhost"]
ROOT_URLCONF = "stepwell.clinic.urls"
INSTALLED_APPS = [
    *(f"stepwell.clinic.{room}" for room in ROOMS),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "stepwell.clinic.access.middleware.HeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "stepwell.clinic.access.middleware.ActorMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "stepwell.clinic.access.context.site",
                "stepwell.clinic.safety.context.safety",
            ]
        },
    }
]
LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Sign-in: a name and a password, then a second factor.
AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "stepwell.clinic.access.passwords.ContextWordsValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "stepwell.clinic.access.adapter.Adapter"
ACCOUNT_FORMS = {"login": "stepwell.clinic.access.sign_in_form.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
# Axes closes a name for one address after 5; a name as a whole only after many more, so that no stranger locks out a colleague.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,50/h/key"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not DIRECTORY.is_https
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "stepwell clinic"
# A code that ends while it is typed and sent is taken, as RFC 6238 (section 5.2) recommends. No code is taken twice.
MFA_TOTP_TOLERANCE = 1
SECOND_FACTOR_REQUIRED = not IS_DEMO
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "stepwell.clinic.access.adapter.name_of_attempt"
AXES_LOCKOUT_TEMPLATE = "access/locked_out.html"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# Sessions end with the browser, and after idle minutes.
IDLE_MINUTES = DIRECTORY.idle_minutes
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = DIRECTORY.is_https
SESSION_COOKIE_NAME = "__Host-session" if DIRECTORY.is_https else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if DIRECTORY.is_https else "csrf"
CSRF_FAILURE_VIEW = "stepwell.clinic.pages.errors.csrf_failed"
CSRF_TRUSTED_ORIGINS = [DIRECTORY.address.rstrip("/")]

# Headers.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if DIRECTORY.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = DIRECTORY.is_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if DIRECTORY.trusted_proxy else None
SECURE_SSL_REDIRECT = DIRECTORY.is_https
LARGEST_UPLOAD = 20 * 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = LARGEST_UPLOAD
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 50
FILE_UPLOAD_PERMISSIONS = 0o600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django.security": {"level": "ERROR"}, "axes": {"level": "ERROR"}},
}
