ALTER TABLE public.plan
	ADD COLUMN tenants INTEGER NOT NULL DEFAULT 1,
	ADD COLUMN extended_analytics BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN promises_send_time BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE public.plan
	ALTER COLUMN tenants DROP DEFAULT,
	ALTER COLUMN extended_analytics DROP DEFAULT,
	ALTER COLUMN promises_send_time DROP DEFAULT;
-- Forced row level security binds the owner, too, who has no policy of its own.
ALTER TABLE public.plan NO FORCE ROW LEVEL SECURITY;
UPDATE public.plan SET schedules_allowed = false WHERE code = 'base';
UPDATE public.plan SET tenants = 3, extended_analytics = true WHERE code = 'pro';
UPDATE public.plan SET tenants = 50, extended_analytics = true, promises_send_time = true WHERE code = 'enterprise';
ALTER TABLE public.plan FORCE ROW LEVEL SECURITY;
ALTER TABLE public.episode_analysis_day ADD COLUMN contact_id BIGINT;
GRANT SELECT ON public.plan TO synkro_auth;
CREATE POLICY auth ON public.plan TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT ON public.subscription TO synkro_auth;
CREATE POLICY auth ON public.subscription TO synkro_auth USING (true) WITH CHECK (true);
