-- A password that the exchange made must be changed before it opens anything.
ALTER TABLE account ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0;

-- What 宛先検索 finds an office by: `folded` is the text that must hold every word; `office_found` says which offices
-- can, by the letters and pairs of letters of that text. `place` is the number as an integer in the same order, 1 to 1.
-- All three are filled in for offices registered before at the next start.
ALTER TABLE office ADD COLUMN kana TEXT;
ALTER TABLE office ADD COLUMN address TEXT;
ALTER TABLE office ADD COLUMN folded TEXT NOT NULL DEFAULT '';
ALTER TABLE office ADD COLUMN place INTEGER;
CREATE UNIQUE INDEX office_place ON office (place);
CREATE INDEX office_unfolded ON office (number) WHERE folded = '';
CREATE VIRTUAL TABLE office_found USING fts5 (grams, content = '', columnsize = 0, detail = none, tokenize = 'ascii');

-- News that was taken back keeps its number, so that no other gets it.
ALTER TABLE news ADD COLUMN taken_back INTEGER NOT NULL DEFAULT 0;
CREATE INDEX news_published ON news (published_at, id);
