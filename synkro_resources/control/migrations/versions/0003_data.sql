ALTER TABLE public.day_state ADD COLUMN derived_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE public.day_state ADD COLUMN stale_since TIMESTAMP WITH TIME ZONE;
ALTER TABLE public.day_state ADD COLUMN stale_reason TEXT;
DROP TABLE public.dialog_link;
CREATE TABLE public.dialog_link (
	tenant TEXT NOT NULL,
	dialog_id BIGINT NOT NULL,
	contact_id BIGINT NOT NULL,
	linked_by TEXT NOT NULL,
	linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	removed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_dialog_link PRIMARY KEY (tenant, dialog_id),
	CONSTRAINT fk_dialog_link_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE TABLE public.warehouse_check (
	tenant TEXT NOT NULL,
	table_name TEXT NOT NULL,
	checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	rows_lake BIGINT NOT NULL,
	rows_client BIGINT NOT NULL,
	rows_resent BIGINT NOT NULL,
	status TEXT NOT NULL,
	details JSONB NOT NULL,
	CONSTRAINT pk_warehouse_check PRIMARY KEY (tenant, table_name),
	CONSTRAINT ck_warehouse_check_status CHECK (status IN ('equal', 'repaired', 'differs')),
	CONSTRAINT fk_warehouse_check_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE TABLE public.suppressed_person (
	tenant TEXT NOT NULL,
	person_hash TEXT NOT NULL,
	erasure_id TEXT NOT NULL,
	erased_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_suppressed_person PRIMARY KEY (tenant, person_hash),
	CONSTRAINT fk_suppressed_person_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE TABLE public.erasure (
	erasure_id TEXT NOT NULL,
	tenant TEXT NOT NULL,
	kind TEXT NOT NULL,
	requested_by TEXT NOT NULL,
	requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
	finished_at TIMESTAMP WITH TIME ZONE,
	certificate JSONB NOT NULL,
	CONSTRAINT pk_erasure PRIMARY KEY (erasure_id),
	CONSTRAINT ck_erasure_kind CHECK (kind IN ('tenant', 'person'))
);
CREATE INDEX ix_erasure_tenant ON public.erasure (tenant);
ALTER TABLE public.dialog_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.dialog_link FORCE ROW LEVEL SECURITY;
ALTER TABLE public.warehouse_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.warehouse_check FORCE ROW LEVEL SECURITY;
ALTER TABLE public.suppressed_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.suppressed_person FORCE ROW LEVEL SECURITY;
ALTER TABLE public.erasure ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.erasure FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.dialog_link TO synkro_app;
CREATE POLICY app ON public.dialog_link TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.warehouse_check TO synkro_app;
CREATE POLICY app ON public.warehouse_check TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.suppressed_person TO synkro_app;
CREATE POLICY app ON public.suppressed_person TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE ON public.erasure TO synkro_app;
CREATE POLICY app ON public.erasure TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE ON public.erasure TO synkro_operator;
CREATE POLICY operator ON public.erasure TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.warehouse_check TO synkro_operator;
CREATE POLICY operator ON public.warehouse_check TO synkro_operator USING (true) WITH CHECK (true);
GRANT DELETE ON public.tenant TO synkro_operator;
