ALTER TABLE public.invitation ADD COLUMN revoked_at TIMESTAMP WITH TIME ZONE;

CREATE TABLE signin_challenge (
    token_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_signin_challenge PRIMARY KEY (token_hash),
    CONSTRAINT fk_signin_challenge_user_id FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
CREATE INDEX ix_signin_challenge_user_id ON signin_challenge (user_id);

CREATE TABLE second_factor (
    user_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    last_step BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_second_factor PRIMARY KEY (user_id),
    CONSTRAINT fk_second_factor_user_id FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);

CREATE TABLE recovery_code (
    user_id TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_recovery_code PRIMARY KEY (user_id, code_hash),
    CONSTRAINT fk_recovery_code_user_id FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);

CREATE TABLE password_reset (
    token_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    tenant TEXT,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_password_reset PRIMARY KEY (token_hash),
    CONSTRAINT fk_password_reset_user_id FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
CREATE INDEX ix_password_reset_user_id ON password_reset (user_id);

ALTER TABLE public.signin_challenge ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.signin_challenge FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.signin_challenge TO synkro_auth;
CREATE POLICY auth ON public.signin_challenge TO synkro_auth USING (true) WITH CHECK (true);
ALTER TABLE public.second_factor ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.second_factor FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.second_factor TO synkro_auth;
CREATE POLICY auth ON public.second_factor TO synkro_auth USING (true) WITH CHECK (true);
ALTER TABLE public.recovery_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.recovery_code FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.recovery_code TO synkro_auth;
CREATE POLICY auth ON public.recovery_code TO synkro_auth USING (true) WITH CHECK (true);
ALTER TABLE public.password_reset ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.password_reset FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.password_reset TO synkro_auth;
CREATE POLICY auth ON public.password_reset TO synkro_auth USING (true) WITH CHECK (true);
GRANT INSERT ON public.audit_event TO synkro_auth;
CREATE POLICY auth ON public.audit_event TO synkro_auth USING (true) WITH CHECK (true);
