ALTER TABLE public.finding ADD COLUMN refs TEXT[];
ALTER TABLE public.ai_call ADD COLUMN finish_reason TEXT, ADD COLUMN episode_key TEXT;
CREATE INDEX ix_ai_call_episode ON public.ai_call (tenant, episode_key);
ALTER TABLE public.rubric ADD COLUMN trial JSONB;
CREATE INDEX ix_episode_analysis_content ON public.episode_analysis (tenant, content_hash);
CREATE TABLE public.review_draw (
	tenant TEXT NOT NULL,
	finding_id TEXT NOT NULL,
	week DATE NOT NULL,
	kind TEXT NOT NULL,
	place INTEGER NOT NULL,
	drawn_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_review_draw PRIMARY KEY (tenant, finding_id),
	CONSTRAINT fk_review_draw_tenant_finding_id FOREIGN KEY(tenant, finding_id) REFERENCES public.finding (tenant, finding_id) ON DELETE CASCADE,
	CONSTRAINT ck_review_draw_kind CHECK (kind IN ('random', 'low_confidence')),
	CONSTRAINT fk_review_draw_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_review_draw_week ON public.review_draw (tenant, week);
ALTER TABLE public.review_draw ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.review_draw FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.review_draw TO synkro_app;
CREATE POLICY app ON public.review_draw TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
ALTER TABLE public.run_request DROP CONSTRAINT ck_run_request_kind;
ALTER TABLE public.run_request ADD CONSTRAINT ck_run_request_kind CHECK (kind IN ('data', 'refresh', 'report', 'labels', 'trial'));
ALTER TABLE public.notice DROP CONSTRAINT ck_notice_kind;
ALTER TABLE public.notice ADD CONSTRAINT ck_notice_kind CHECK (kind IN ('integration_broken', 'request_failed', 'delivery_uncertain', 'delivery_failed', 'data_old', 'ai_budget', 'report_late', 'report_missing', 'dispute_waiting'));
