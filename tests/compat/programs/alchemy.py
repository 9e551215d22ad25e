# SPDX-License-Identifier: LGPL-2.1-or-later
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class A(Base):
    __tablename__ = "a"
    id: Mapped[int] = mapped_column(primary_key=True)
    bs: Mapped[list["B"]] = relationship()


class B(Base):
    __tablename__ = "b"
    id: Mapped[int] = mapped_column(primary_key=True)
    a_id: Mapped[int] = mapped_column(ForeignKey("a.id"))


engine = create_engine("sqlite:///a.db")
Base.metadata.create_all(engine)
with Session(engine) as s:
    s.add(A(bs=[B(), B()]))
    s.commit()
with Session(engine) as s:
    print(len(s.scalars(select(A)).one().bs))
