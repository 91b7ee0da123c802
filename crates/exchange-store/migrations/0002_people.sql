-- A password that the exchange made must be changed before it opens anything.
ALTER TABLE account ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0;

-- What 宛先検索 finds an office by. `folded` is filled in for offices registered before at the next start.
ALTER TABLE office ADD COLUMN kana TEXT;
ALTER TABLE office ADD COLUMN address TEXT;
ALTER TABLE office ADD COLUMN folded TEXT NOT NULL DEFAULT '';
CREATE INDEX office_folded ON office (number, folded);

-- News that was taken back keeps its number, so that no other gets it.
ALTER TABLE news ADD COLUMN taken_back INTEGER NOT NULL DEFAULT 0;
CREATE INDEX news_published ON news (published_at, id);
