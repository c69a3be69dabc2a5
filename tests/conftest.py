"""For every test: hypothesis tries the same examples on every machine, and no clock fails a test.

To look for new examples: python3 start.py test --hypothesis-profile=default
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "course", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("course")
