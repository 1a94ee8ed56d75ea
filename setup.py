"""What pyproject.toml cannot say: the trainer, which has its folder beside the package, is installed inside it."""

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class BuildPackages(build_py):
    """Leaves out the module that stands for the trainer in a checkout."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """The modules of a package, as triples of package, name and file."""
        modules = super().find_package_modules(package, package_dir)
        return [module for module in modules if module[:2] != ("resnet_hub", "training")]


TRAINER = ["resnet_hub." + name for name in find_packages(include=["training", "training.*"])]

setup(
    packages=find_packages(include=["resnet_hub", "resnet_hub.*"]) + TRAINER,
    package_dir={"resnet_hub.training": "training"},
    cmdclass={"build_py": BuildPackages},
)
