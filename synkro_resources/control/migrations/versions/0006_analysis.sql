CREATE TABLE pii.pii_token_use (
	tenant TEXT NOT NULL,
	token TEXT NOT NULL,
	dialog_id BIGINT NOT NULL,
	CONSTRAINT pk_pii_token_use PRIMARY KEY (tenant, token, dialog_id),
	CONSTRAINT fk_pii_token_use_tenant_token FOREIGN KEY(tenant, token) REFERENCES pii.pii_token (tenant, token) ON DELETE CASCADE,
	CONSTRAINT fk_pii_token_use_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_pii_token_use_tenant_dialog_id ON pii.pii_token_use (tenant, dialog_id);
CREATE TABLE pii.masking_key (
	tenant TEXT NOT NULL,
	encrypted_key BYTEA NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_masking_key PRIMARY KEY (tenant),
	CONSTRAINT fk_masking_key_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
ALTER TABLE pii.pii_token_use ENABLE ROW LEVEL SECURITY;
ALTER TABLE pii.pii_token_use FORCE ROW LEVEL SECURITY;
ALTER TABLE pii.masking_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE pii.masking_key FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON pii.pii_token_use TO synkro_pii;
CREATE POLICY pii ON pii.pii_token_use TO synkro_pii USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON pii.masking_key TO synkro_pii;
CREATE POLICY pii ON pii.masking_key TO synkro_pii USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
