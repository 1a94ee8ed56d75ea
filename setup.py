"""What pyproject.toml cannot say: the trainer, which has its folder beside the package, is installed inside it."""

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py


class BuildPackages(build_py):
    """Leaves out the module that stands for the trainer in a checkout."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """The modules of a package, as triples of package, name and file."""
        modules = super().find_package_modules(package, package_dir)
        return [module for module in modules if module[:2] != ("resnet_hub", "training")]


def packages(folder: str, name: str) -> list[str]:
    """The packages in a folder that is installed under this name; a folder of data is one too."""
    return [name, *(f"{name}.{inner}" for inner in find_namespace_packages(folder, exclude=["*__pycache__"]))]


setup(
    packages=[*packages("resnet_hub", "resnet_hub"), *packages("training", "resnet_hub.training")],
    package_dir={"resnet_hub.training": "training"},
    cmdclass={"build_py": BuildPackages},
)
