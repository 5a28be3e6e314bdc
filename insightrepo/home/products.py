"""My products: what a reader chose once to be told of; none is all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.models.readers import followed_product
from insightrepo.scores.acting.choosing import TermShown, products_seen
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.taxonomy.register import register
from insightrepo.upsert import upsert


@dataclass(frozen=True)
class MyProducts:
    """What may be followed, in the tree's order, and what of it is; `below` are the ids of these and all under them."""

    offered: tuple[TermShown, ...]
    chosen: tuple[TermShown, ...]
    below: frozenset[int]

    @property
    def words(self) -> str:
        """The names of those chosen, or "all products"."""
        return ", ".join(product.name for product in self.chosen) or "all products"


def my_products(session: Session, reader: Reader) -> MyProducts:
    """The products that the reader follows. One that is retired or out of sight by now is no longer among them."""
    offered = products_seen(session, reader)
    followed = select(followed_product.c.product_id).where(followed_product.c.user_id == reader.user_id)
    ids = set(session.scalars(followed))
    chosen = tuple(product for product in offered if product.id in ids)
    below = register(session).with_below([product.id for product in chosen])
    return MyProducts(offered, chosen, below & {product.id for product in offered})


def follow_products(session: Session, reader: Reader, codes: Collection[str]) -> MyProducts:
    """Follow these products and no others; none: all. Needs a session for writing.

    Raises:
        UnknownTerm: a code is of no product that the reader may see.
    """
    by_code = {product.code: product for product in products_seen(session, reader)}
    for code in codes:
        if code not in by_code:
            raise UnknownTerm(f"no product is called {code!r}")
    session.execute(delete(followed_product).where(followed_product.c.user_id == reader.user_id))
    rows = [{"user_id": reader.user_id, "product_id": by_code[code].id} for code in dict.fromkeys(codes)]
    if rows:
        session.execute(upsert(session, followed_product).values(rows).on_conflict_do_nothing())
    return my_products(session, reader)
