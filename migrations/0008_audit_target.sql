-- What happened to one account: its own history, and what its deletion makes nameless. Entries without a target stay out.
CREATE INDEX audit_target ON audit (target, id) WHERE target <> '';
