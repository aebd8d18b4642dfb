-- Made by tests/made_database.py, ess_ray 0.1.0, commit a1dca57: before the schema had a version
--
-- PostgreSQL database dump
--


-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: bank; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bank (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    quality smallint NOT NULL,
    bank_id smallint NOT NULL,
    bank_soc double precision,
    bank_soh double precision,
    bank_dc_volt double precision,
    bank_dc_current double precision,
    bank_power double precision,
    max_cell_voltage_of_bank double precision,
    min_cell_voltage_of_bank double precision,
    max_cell_temperature_of_bank double precision,
    min_cell_temperature_of_bank double precision,
    max_module_temperature double precision,
    min_module_temperature double precision,
    max_module_humidity double precision,
    min_module_humidity double precision,
    rack_temperature_imbalance_warning smallint,
    rack_under_temperature_warning smallint,
    rack_over_temperature_warning smallint,
    rack_voltage_imbalance_warning smallint,
    rack_under_voltage_protection_warning smallint,
    rack_over_voltage_protection_warning smallint,
    rack_over_current_charge_warning smallint,
    rack_over_current_discharge_warning smallint,
    rack_tray_voltage_imbalance_warning smallint,
    rack_temperature_imbalance_fault smallint,
    rack_under_temperature_fault smallint,
    rack_over_temperature_fault smallint,
    rack_voltage_imbalance_fault smallint,
    rack_under_voltage_protection_fault smallint,
    rack_over_voltage_protection_fault smallint,
    rack_over_current_charge_fault smallint,
    rack_over_current_discharge_fault smallint,
    rack_charge_relay_plus_fault_status smallint,
    rack_discharge_relay_minus_fault_status smallint,
    rack_fuse_minus_fault_status smallint,
    rack_fuse_plus_fault_status smallint,
    rack_tray_rack_communication_fault smallint,
    master_rack_communication_faults smallint[],
    master_rack_communication_fault smallint,
    battery_status_for_standby smallint,
    battery_status_for_charge smallint,
    battery_status_for_discharge smallint,
    battery_status_for_fault smallint,
    battery_status_for_warning smallint,
    rack_to_master_bms_communication_status smallint,
    charging_stop_of_status smallint,
    discharging_stop_of_status smallint,
    emergency_status smallint,
    tvoc_status smallint,
    battery_status_for_run smallint,
    order_source smallint,
    emergency_source smallint,
    reg_1031 smallint,
    reg_1032 smallint,
    reg_1033 smallint,
    reg_1034 smallint,
    reg_1035 smallint,
    reg_1036 smallint,
    reg_1037 smallint,
    reg_1038 smallint,
    reg_1039 smallint,
    reg_1040 smallint,
    reg_1041 smallint,
    reg_1042 smallint,
    reg_1043 smallint,
    reg_1044 smallint,
    reg_1045 smallint
);


--
-- Name: database_identity; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.database_identity (
    id text NOT NULL
);


--
-- Name: device; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device (
    site text NOT NULL,
    device text NOT NULL,
    map text NOT NULL,
    map_hash text NOT NULL,
    period_s double precision NOT NULL,
    phase_s double precision NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    delivers text,
    timezone text
);


--
-- Name: etc; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.etc (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    quality smallint NOT NULL,
    sensor1_temperature double precision,
    sensor1_humidity double precision,
    sensor2_temperature double precision,
    sensor2_humidity double precision,
    active_power_total double precision,
    active_energy_total_high double precision,
    inv1_active_power double precision,
    inv1_cumulative_power_generation double precision
);


--
-- Name: event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    kind text NOT NULL,
    until timestamp with time zone,
    detail text NOT NULL
);


--
-- Name: export_object; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.export_object (
    site text NOT NULL,
    table_name text NOT NULL,
    day date NOT NULL,
    form text NOT NULL,
    place text NOT NULL,
    name text NOT NULL,
    generation bigint NOT NULL,
    bytes bigint NOT NULL,
    crc32c bigint NOT NULL,
    content_crc32c bigint NOT NULL,
    rows bigint NOT NULL,
    first timestamp with time zone,
    last timestamp with time zone,
    mark text NOT NULL,
    schema_hash text NOT NULL,
    version text NOT NULL,
    exported_at timestamp with time zone NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    dropped boolean NOT NULL
);


--
-- Name: export_until; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.export_until (
    site text NOT NULL,
    until timestamp with time zone NOT NULL
);


--
-- Name: late_commit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.late_commit (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    cluster bigint DEFAULT (pg_control_system()).system_identifier NOT NULL,
    site text NOT NULL,
    tables text[] NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL
);


--
-- Name: module; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.module (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    quality smallint NOT NULL,
    bank_id smallint NOT NULL,
    rack_id smallint NOT NULL,
    module_id smallint NOT NULL,
    cell_voltage_1 double precision,
    cell_voltage_2 double precision,
    cell_voltage_3 double precision,
    cell_voltage_4 double precision,
    cell_voltage_5 double precision,
    cell_voltage_6 double precision,
    cell_voltage_7 double precision,
    cell_voltage_8 double precision,
    cell_voltage_9 double precision,
    cell_voltage_10 double precision,
    cell_voltage_11 double precision,
    cell_voltage_12 double precision
);


--
-- Name: pcs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.pcs (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    quality smallint NOT NULL,
    ai_vdc double precision,
    ai_idc double precision,
    ai_pdc double precision,
    ai_freq double precision,
    ai_vab_rms double precision,
    ai_vbc_rms double precision,
    ai_vca_rms double precision,
    ai_ias_rms double precision,
    ai_ibs_rms double precision,
    ai_ics_rms double precision,
    ai_sac double precision,
    ai_pac double precision,
    ai_qac double precision,
    ai_pf double precision,
    ai_c_kwh_ac double precision,
    ai_d_kwh_ac double precision,
    ai_c_kwh_dc double precision,
    ai_d_kwh_dc double precision,
    cmd_kw double precision,
    cmd_kvar double precision,
    cmd_vdc_ref double precision,
    st_run smallint,
    st_stop smallint,
    st_ready smallint,
    st_mode_l_r smallint,
    st_mode_cv smallint,
    st_fault smallint,
    st_charge smallint,
    st_discharge smallint,
    di_dk smallint,
    di_ak smallint,
    di_ck smallint,
    di_temp smallint,
    di_spd smallint,
    di_ds smallint,
    di_start smallint,
    di_es smallint,
    flt_ovar smallint,
    flt_uvar smallint,
    flt_ofr smallint,
    flt_ufr smallint,
    flt_ocar smallint,
    flt_ovdr smallint,
    flt_uvdr smallint,
    flt_ocdr smallint,
    flt_cfd smallint,
    flt_otr smallint,
    flt_spd smallint,
    flt_rvet smallint,
    pcs_ac_l1_thd double precision,
    pcs_ac_l2_thd double precision,
    pcs_ac_l3_thd double precision,
    system_temperature_max double precision,
    dc_voltage_1 double precision,
    dc_voltage_2 double precision,
    dc_current double precision,
    dc_power double precision,
    ac_frequency double precision,
    ac_voltage double precision,
    ac_current double precision,
    ac_power double precision,
    ac_active_power double precision,
    ac_reactive_power double precision,
    ac_power_factor double precision,
    ac_l1_voltage double precision,
    ac_l1_current double precision,
    ac_l2_voltage double precision,
    ac_l2_current double precision,
    ac_l3_voltage double precision,
    ac_l3_current double precision,
    ac_accumulated_discharge_energy double precision,
    ac_accumulated_charge_energy double precision,
    pcs_status_0 smallint,
    pcs_status_1 smallint,
    pcs_status_2 smallint,
    pcs_status_3 smallint,
    pcs_status_4 smallint,
    pcs_status_5 smallint,
    pcs_status_6 smallint,
    pcs_status_7 smallint,
    pcs_status_8 smallint,
    pcs_status_9 smallint,
    pcs_status_10 smallint,
    pcs_status_11 smallint,
    pcs_status_14 smallint,
    pcs_status_15 smallint,
    pcs_protection_1_0 smallint,
    pcs_protection_1_1 smallint,
    pcs_protection_1_2 smallint,
    pcs_protection_1_3 smallint,
    pcs_protection_1_4 smallint,
    pcs_protection_1_5 smallint,
    pcs_protection_1_6 smallint,
    pcs_protection_1_7 smallint,
    pcs_protection_1_8 smallint,
    pcs_protection_1_9 smallint,
    pcs_protection_1_10 smallint,
    pcs_protection_1_11 smallint,
    pcs_protection_1_12 smallint,
    pcs_protection_1_13 smallint,
    pcs_protection_1_14 smallint,
    pcs_protection_1_15 smallint,
    pcs_protection_2_0 smallint,
    pcs_protection_2_1 smallint,
    pcs_protection_2_2 smallint,
    pcs_protection_2_3 smallint,
    pcs_protection_2_4 smallint,
    pcs_protection_2_5 smallint,
    pcs_protection_2_6 smallint,
    pcs_protection_2_7 smallint,
    pcs_protection_2_8 smallint,
    pcs_protection_2_9 smallint,
    pcs_protection_2_10 smallint,
    pcs_protection_2_11 smallint,
    pcs_protection_2_12 smallint,
    pcs_protection_2_13 smallint,
    pcs_protection_2_14 smallint,
    pcs_protection_2_15 smallint,
    pcs_protection_3_0 smallint,
    pcs_protection_3_1 smallint,
    pcs_protection_3_2 smallint,
    pcs_protection_3_3 smallint,
    pcs_protection_3_4 smallint,
    pcs_protection_3_5 smallint,
    pcs_protection_3_6 smallint,
    pcs_protection_3_7 smallint,
    pcs_protection_3_8 smallint,
    pcs_protection_3_9 smallint,
    pcs_protection_3_10 smallint,
    pcs_control_0 smallint,
    set_power double precision,
    set_soc_low_trip_level double precision,
    set_soc_high_trip_level double precision,
    set_vbat_low_trip_level double precision,
    set_vbat_high_trip_level double precision,
    reg_2000 double precision,
    reg_2001 double precision,
    reg_2002 double precision,
    reg_2003 double precision,
    reg_2004 double precision,
    reg_2005 double precision,
    reg_2006 double precision,
    reg_2007 double precision,
    reg_2008 double precision,
    reg_2009 double precision,
    reg_2010 double precision,
    reg_2011 double precision,
    reg_2012 double precision,
    reg_2013 double precision,
    reg_2014 double precision,
    reg_2015 double precision,
    reg_2016 double precision,
    reg_2017 double precision,
    reg_2018 double precision,
    reg_2019 double precision,
    reg_2020 double precision,
    reg_2021 double precision,
    reg_2022 double precision,
    reg_2023 double precision,
    reg_2024 double precision,
    reg_2025 double precision,
    reg_2026 double precision,
    reg_2027 double precision,
    reg_2028 double precision,
    reg_2029 double precision,
    reg_2030 double precision,
    reg_2031 double precision,
    reg_2032 double precision,
    reg_2033 double precision,
    reg_2034 double precision,
    reg_2035 double precision,
    reg_2036 double precision,
    reg_2037 double precision,
    reg_2038 double precision,
    reg_2039 double precision,
    reg_2040 double precision,
    reg_2041 double precision,
    reg_2042 double precision,
    reg_2043 double precision,
    reg_2044 double precision,
    reg_2045 double precision,
    reg_2046 double precision,
    reg_2047 double precision,
    reg_2048 double precision,
    reg_2049 double precision,
    reg_2050 double precision,
    reg_2051 double precision,
    reg_2052 double precision,
    reg_2053 double precision
);


--
-- Name: rack; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rack (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    quality smallint NOT NULL,
    bank_id smallint NOT NULL,
    rack_id smallint NOT NULL,
    rack_soc double precision,
    rack_soh double precision,
    rack_voltage double precision,
    rack_current double precision,
    rack_max_cell_voltage double precision,
    rack_max_cell_voltage_position double precision,
    rack_min_cell_voltage double precision,
    rack_min_cell_voltage_position double precision,
    rack_cell_voltage_gap double precision,
    rack_cell_voltage_average double precision,
    rack_max_cell_temperature double precision,
    rack_max_cell_temperature_position double precision,
    rack_min_cell_temperature double precision,
    rack_min_cell_temperature_position double precision,
    rack_cell_temperature_gap double precision,
    rack_cell_temperature_average double precision,
    rack_max_module_temperature double precision,
    rack_max_module_temperature_position double precision,
    rack_min_module_temperature double precision,
    rack_min_module_temperature_position double precision,
    rack_max_module_humidity double precision,
    rack_max_module_humidity_position double precision,
    rack_min_module_humidity double precision,
    rack_min_module_humidity_position double precision,
    rack_discharge_relay_minus_status smallint,
    rack_charge_relay_plus_status smallint,
    rack_cell_balance_status smallint,
    rack_current_sensor_discharge smallint,
    rack_current_sensor_charge smallint,
    rack_status_for_run smallint,
    rack_status_for_fault smallint,
    rack_status_for_warning smallint,
    rack_status_for_online smallint,
    rack_temperature_imbalance_warning smallint,
    rack_under_temperature_warning smallint,
    rack_over_temperature_warning smallint,
    rack_voltage_imbalance_warning smallint,
    rack_under_voltage_protection_warning smallint,
    rack_over_voltage_protection_warning smallint,
    rack_over_current_charge_warning smallint,
    rack_over_current_discharge_warning smallint,
    rack_tray_voltage_imbalance_warning smallint,
    rack_temperature_imbalance_fault smallint,
    rack_under_temperature_fault smallint,
    rack_over_temperature_fault smallint,
    rack_voltage_imbalance_fault smallint,
    rack_under_voltage_protection_fault smallint,
    rack_over_voltage_protection_fault smallint,
    rack_over_current_charge_fault smallint,
    rack_over_current_discharge_fault smallint,
    rack_charge_relay_plus_fault_status smallint,
    rack_discharge_relay_minus_fault_status smallint,
    rack_fuse_minus_fault_status smallint,
    rack_fuse_plus_fault_status smallint,
    rack_tray_rack_communication_fault smallint,
    rack_module_faults smallint[]
);


--
-- Name: rejected; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rejected (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    table_name text NOT NULL,
    row_data text NOT NULL,
    sqlstate text NOT NULL,
    reason text NOT NULL,
    rejected_at timestamp with time zone NOT NULL
);


--
-- Name: sample; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sample (
    "time" timestamp with time zone NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    status text NOT NULL,
    reason text,
    missing text,
    read_ms real,
    requests smallint,
    retries smallint,
    collector text DEFAULT NULLIF(current_setting('ess_ray.collector'::text, true), ''::text),
    CONSTRAINT sample_status_check CHECK ((status = ANY (ARRAY['stored'::text, 'partial'::text, 'failed'::text])))
);


--
-- Data for Name: bank; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.bank ("time", site, device, quality, bank_id, bank_soc, bank_soh, bank_dc_volt, bank_dc_current, bank_power, max_cell_voltage_of_bank, min_cell_voltage_of_bank, max_cell_temperature_of_bank, min_cell_temperature_of_bank, max_module_temperature, min_module_temperature, max_module_humidity, min_module_humidity, rack_temperature_imbalance_warning, rack_under_temperature_warning, rack_over_temperature_warning, rack_voltage_imbalance_warning, rack_under_voltage_protection_warning, rack_over_voltage_protection_warning, rack_over_current_charge_warning, rack_over_current_discharge_warning, rack_tray_voltage_imbalance_warning, rack_temperature_imbalance_fault, rack_under_temperature_fault, rack_over_temperature_fault, rack_voltage_imbalance_fault, rack_under_voltage_protection_fault, rack_over_voltage_protection_fault, rack_over_current_charge_fault, rack_over_current_discharge_fault, rack_charge_relay_plus_fault_status, rack_discharge_relay_minus_fault_status, rack_fuse_minus_fault_status, rack_fuse_plus_fault_status, rack_tray_rack_communication_fault, master_rack_communication_faults, master_rack_communication_fault, battery_status_for_standby, battery_status_for_charge, battery_status_for_discharge, battery_status_for_fault, battery_status_for_warning, rack_to_master_bms_communication_status, charging_stop_of_status, discharging_stop_of_status, emergency_status, tvoc_status, battery_status_for_run, order_source, emergency_source, reg_1031, reg_1032, reg_1033, reg_1034, reg_1035, reg_1036, reg_1037, reg_1038, reg_1039, reg_1040, reg_1041, reg_1042, reg_1043, reg_1044, reg_1045) FROM stdin;
2026-11-22 14:59:52+00	panri	gateway	0	1	6	96.4	814.6	0	0	3.403	3.383	30.5	24.6	26.8	21.2	42.7	33.5	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:52+00	panri	gateway	0	2	5.9	96.6	814.1	0	0	3.4	3.382	30	23.5	25.7	20.8	42.3	33.9	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:53+00	panri	gateway	0	1	6	96.4	814.6	0	0	3.404	3.383	30.5	24.6	26.8	21.2	42.7	33.5	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:53+00	panri	gateway	0	2	5.9	96.6	814.1	0	0	3.401	3.382	30	23.5	25.7	20.8	42.3	33.9	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:54+00	panri	gateway	0	1	6	96.4	814.6	0	0	3.404	3.383	30.5	24.6	26.8	21.2	42.7	33.5	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:54+00	panri	gateway	0	2	5.9	96.6	814.1	0	0	3.401	3.382	30	23.5	25.7	20.8	42.3	33.9	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:55+00	panri	gateway	0	1	-70.5	-531.6	-2808	-1853.7	1909.9	21.131	26.979	2537.7	-2345.5	-1910.6	-272.5	3172.2	-64	-13072	-18368	-16433	25986	-13183	16885	29509	-11631	25198	15579	24738	32337	26296	-27402	12983	432	-10948	27459	-17681	23815	5197	-7055	{-913,-10260,20730,-18036,6978,13721,26757,20981,-28595}	\N	26608	25996	-16211	-15786	-21536	0	-15015	-11063	-30407	19306	0	-13828	-23399	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:55+00	panri	gateway	0	2	-2690.7	-1634.3	2418.9	-1006.2	-1363.5	21.212	20.048	-2910.1	1668.7	-333.8	1284.4	-2008.6	-661.7	-9757	-1813	-29439	-16413	29276	22990	-21911	-7136	-26672	-12078	-19335	-18709	21716	-5375	17635	-13188	-3226	-4960	-14799	9874	20576	-12068	{9111,30822,29781,-14324,23106,-22079,-22714,31301}	\N	-7712	-29377	10255	-15804	19734	0	-26646	-1402	-9159	2437	0	18540	-22642	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:56+00	panri	gateway	0	1	6	96.4	814.6	0	0	3.403	3.383	30.5	24.6	26.8	21.2	42.7	33.5	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:56+00	panri	gateway	0	2	5.9	96.6	814.1	0	0	3.401	3.382	30	23.5	25.7	20.8	42.3	33.9	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:57+00	panri	gateway	2	1	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:57+00	panri	gateway	0	2	5.9	96.6	814	0	0	3.401	3.382	30	23.5	25.7	20.8	42.3	33.9	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:58+00	panri	gateway	0	1	6	96.4	814.6	0	0	3.404	3.383	30.5	24.6	26.8	21.2	42.7	33.5	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:58+00	panri	gateway	0	2	5.9	96.6	814.1	0	0	3.401	3.382	30	23.5	25.7	20.8	42.3	33.9	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	96.6	692.3	0	0	3.406	3.384	30.8	24	26.6	20.6	44.4	32.6	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	96.6	692.3	0	0	3.406	3.384	30.8	24	26.6	20.6	44.4	32.6	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0
2026-11-21 15:00:00+00	panri	gateway	0	1	6	96.4	814.6	0	0	3.403	3.383	30.6	24.5	26.8	21.2	42.6	33.4	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-21 15:00:00+00	panri	gateway	0	2	5.9	96.6	814.1	0	0	3.4	3.382	30	23.5	25.7	21	42.2	33.7	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0}	\N	1	0	0	0	0	0	0	1	0	0	1	1	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	96.6	692.3	0	0	3.406	3.384	30.7	24	26.6	20.6	44.3	32.6	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0
\.


--
-- Data for Name: database_identity; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.database_identity (id) FROM stdin;
db55bd6d-c192-40da-a909-dcffc3cf6c7a
\.


--
-- Data for Name: device; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.device (site, device, map, map_hash, period_s, phase_s, valid_from, valid_to, delivers, timezone) FROM stdin;
panri	gateway	panri	ac968ccf0f54949d	1	0	2026-11-21 15:00:00+00	\N	{"bank": ["bank_dc_current", "bank_dc_volt", "bank_power", "bank_soc", "bank_soh", "battery_status_for_charge", "battery_status_for_discharge", "battery_status_for_fault", "battery_status_for_run", "battery_status_for_standby", "battery_status_for_warning", "charging_stop_of_status", "discharging_stop_of_status", "emergency_source", "emergency_status", "master_rack_communication_faults", "max_cell_temperature_of_bank", "max_cell_voltage_of_bank", "max_module_humidity", "max_module_temperature", "min_cell_temperature_of_bank", "min_cell_voltage_of_bank", "min_module_humidity", "min_module_temperature", "order_source", "rack_charge_relay_plus_fault_status", "rack_discharge_relay_minus_fault_status", "rack_fuse_minus_fault_status", "rack_fuse_plus_fault_status", "rack_over_current_charge_fault", "rack_over_current_charge_warning", "rack_over_current_discharge_fault", "rack_over_current_discharge_warning", "rack_over_temperature_fault", "rack_over_temperature_warning", "rack_over_voltage_protection_fault", "rack_over_voltage_protection_warning", "rack_temperature_imbalance_fault", "rack_temperature_imbalance_warning", "rack_to_master_bms_communication_status", "rack_tray_rack_communication_fault", "rack_tray_voltage_imbalance_warning", "rack_under_temperature_fault", "rack_under_temperature_warning", "rack_under_voltage_protection_fault", "rack_under_voltage_protection_warning", "rack_voltage_imbalance_fault", "rack_voltage_imbalance_warning", "tvoc_status"], "etc": ["active_energy_total_high", "active_power_total", "sensor1_humidity", "sensor1_temperature", "sensor2_humidity", "sensor2_temperature"], "pcs": ["ai_c_kwh_ac", "ai_c_kwh_dc", "ai_d_kwh_ac", "ai_d_kwh_dc", "ai_freq", "ai_ias_rms", "ai_ibs_rms", "ai_ics_rms", "ai_idc", "ai_pac", "ai_pdc", "ai_pf", "ai_qac", "ai_sac", "ai_vab_rms", "ai_vbc_rms", "ai_vca_rms", "ai_vdc", "cmd_kvar", "cmd_kw", "cmd_vdc_ref", "di_ak", "di_ck", "di_dk", "di_ds", "di_es", "di_spd", "di_start", "di_temp", "flt_cfd", "flt_ocar", "flt_ocdr", "flt_ofr", "flt_otr", "flt_ovar", "flt_ovdr", "flt_rvet", "flt_spd", "flt_ufr", "flt_uvar", "flt_uvdr", "st_charge", "st_discharge", "st_fault", "st_mode_cv", "st_mode_l_r", "st_ready", "st_run", "st_stop"], "rack": ["rack_cell_balance_status", "rack_cell_temperature_gap", "rack_cell_voltage_average", "rack_cell_voltage_gap", "rack_charge_relay_plus_fault_status", "rack_charge_relay_plus_status", "rack_current", "rack_current_sensor_charge", "rack_current_sensor_discharge", "rack_discharge_relay_minus_fault_status", "rack_discharge_relay_minus_status", "rack_fuse_minus_fault_status", "rack_fuse_plus_fault_status", "rack_max_cell_temperature", "rack_max_cell_temperature_position", "rack_max_cell_voltage", "rack_max_cell_voltage_position", "rack_max_module_humidity", "rack_max_module_humidity_position", "rack_max_module_temperature", "rack_max_module_temperature_position", "rack_min_cell_temperature", "rack_min_cell_temperature_position", "rack_min_cell_voltage", "rack_min_cell_voltage_position", "rack_min_module_humidity", "rack_min_module_humidity_position", "rack_min_module_temperature", "rack_min_module_temperature_position", "rack_module_faults", "rack_over_current_charge_fault", "rack_over_current_charge_warning", "rack_over_current_discharge_fault", "rack_over_current_discharge_warning", "rack_over_temperature_fault", "rack_over_temperature_warning", "rack_over_voltage_protection_fault", "rack_over_voltage_protection_warning", "rack_soc", "rack_soh", "rack_status_for_fault", "rack_status_for_online", "rack_status_for_run", "rack_status_for_warning", "rack_temperature_imbalance_fault", "rack_temperature_imbalance_warning", "rack_tray_rack_communication_fault", "rack_tray_voltage_imbalance_warning", "rack_under_temperature_fault", "rack_under_temperature_warning", "rack_under_voltage_protection_fault", "rack_under_voltage_protection_warning", "rack_voltage", "rack_voltage_imbalance_fault", "rack_voltage_imbalance_warning"]}	Asia/Seoul
seokhwan	gateway	seokhwan	4f9af964025e61e6	5	0	2026-11-21 15:00:00+00	\N	{"bank": ["bank_dc_current", "bank_dc_volt", "bank_power", "bank_soc", "bank_soh", "master_rack_communication_faults", "max_cell_temperature_of_bank", "max_cell_voltage_of_bank", "max_module_humidity", "max_module_temperature", "min_cell_temperature_of_bank", "min_cell_voltage_of_bank", "min_module_humidity", "min_module_temperature", "rack_charge_relay_plus_fault_status", "rack_discharge_relay_minus_fault_status", "rack_fuse_minus_fault_status", "rack_fuse_plus_fault_status", "rack_over_current_charge_fault", "rack_over_current_charge_warning", "rack_over_current_discharge_fault", "rack_over_current_discharge_warning", "rack_over_temperature_fault", "rack_over_temperature_warning", "rack_over_voltage_protection_fault", "rack_over_voltage_protection_warning", "rack_temperature_imbalance_fault", "rack_temperature_imbalance_warning", "rack_tray_rack_communication_fault", "rack_tray_voltage_imbalance_warning", "rack_under_temperature_fault", "rack_under_temperature_warning", "rack_under_voltage_protection_fault", "rack_under_voltage_protection_warning", "rack_voltage_imbalance_fault", "rack_voltage_imbalance_warning", "reg_1031", "reg_1032", "reg_1033", "reg_1034", "reg_1035", "reg_1036", "reg_1037", "reg_1038", "reg_1039", "reg_1040", "reg_1041", "reg_1042", "reg_1043", "reg_1044", "reg_1045"], "etc": ["active_energy_total_high", "active_power_total", "sensor1_humidity", "sensor1_temperature", "sensor2_humidity", "sensor2_temperature"], "module": ["cell_voltage_1", "cell_voltage_10", "cell_voltage_11", "cell_voltage_12", "cell_voltage_2", "cell_voltage_3", "cell_voltage_4", "cell_voltage_5", "cell_voltage_6", "cell_voltage_7", "cell_voltage_8", "cell_voltage_9"], "pcs": ["reg_2000", "reg_2001", "reg_2002", "reg_2003", "reg_2004", "reg_2005", "reg_2006", "reg_2007", "reg_2008", "reg_2009", "reg_2010", "reg_2011", "reg_2012", "reg_2013", "reg_2014", "reg_2015", "reg_2016", "reg_2017", "reg_2018", "reg_2019", "reg_2020", "reg_2021", "reg_2022", "reg_2023", "reg_2024", "reg_2025", "reg_2026", "reg_2027", "reg_2028", "reg_2029", "reg_2030", "reg_2031", "reg_2032", "reg_2033", "reg_2034", "reg_2035", "reg_2036", "reg_2037", "reg_2038", "reg_2039", "reg_2040", "reg_2041", "reg_2042", "reg_2043", "reg_2044", "reg_2045", "reg_2046", "reg_2047", "reg_2048", "reg_2049", "reg_2050", "reg_2051", "reg_2052", "reg_2053"], "rack": ["rack_cell_balance_status", "rack_cell_temperature_gap", "rack_cell_voltage_average", "rack_cell_voltage_gap", "rack_charge_relay_plus_fault_status", "rack_charge_relay_plus_status", "rack_current", "rack_current_sensor_charge", "rack_current_sensor_discharge", "rack_discharge_relay_minus_fault_status", "rack_discharge_relay_minus_status", "rack_fuse_minus_fault_status", "rack_fuse_plus_fault_status", "rack_max_cell_temperature", "rack_max_cell_temperature_position", "rack_max_cell_voltage", "rack_max_cell_voltage_position", "rack_max_module_humidity", "rack_max_module_humidity_position", "rack_max_module_temperature", "rack_max_module_temperature_position", "rack_min_cell_temperature", "rack_min_cell_temperature_position", "rack_min_cell_voltage", "rack_min_cell_voltage_position", "rack_min_module_humidity", "rack_min_module_humidity_position", "rack_min_module_temperature", "rack_min_module_temperature_position", "rack_module_faults", "rack_over_current_charge_fault", "rack_over_current_charge_warning", "rack_over_current_discharge_fault", "rack_over_current_discharge_warning", "rack_over_temperature_fault", "rack_over_temperature_warning", "rack_over_voltage_protection_fault", "rack_over_voltage_protection_warning", "rack_soc", "rack_soh", "rack_status_for_fault", "rack_status_for_online", "rack_status_for_run", "rack_status_for_warning", "rack_temperature_imbalance_fault", "rack_temperature_imbalance_warning", "rack_tray_rack_communication_fault", "rack_tray_voltage_imbalance_warning", "rack_under_temperature_fault", "rack_under_temperature_warning", "rack_under_voltage_protection_fault", "rack_under_voltage_protection_warning", "rack_voltage", "rack_voltage_imbalance_fault", "rack_voltage_imbalance_warning"]}	Asia/Seoul
\.


--
-- Data for Name: etc; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.etc ("time", site, device, quality, sensor1_temperature, sensor1_humidity, sensor2_temperature, sensor2_humidity, active_power_total, active_energy_total_high, inv1_active_power, inv1_cumulative_power_generation) FROM stdin;
2026-11-22 14:59:52+00	panri	gateway	0	21.8	40.9	22.6	39.3	8.524	7	\N	\N
2026-11-22 14:59:53+00	panri	gateway	0	21.8	40.6	22.6	39.3	8.572	7	\N	\N
2026-11-22 14:59:54+00	panri	gateway	0	21.8	40.6	22.5	39.1	8.203	7	\N	\N
2026-11-22 14:59:55+00	panri	gateway	0	3103.7	-2255	-2099.2	-955	3.52	27268	\N	\N
2026-11-22 14:59:56+00	panri	gateway	0	21.8	40.9	22.6	39.3	8.519	7	\N	\N
2026-11-22 14:59:57+00	panri	gateway	2	21.8	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:58+00	panri	gateway	0	21.8	40.8	22.6	39.3	8.638	7	\N	\N
2026-11-22 14:59:50+00	seokhwan	gateway	0	21.8	40.8	22.6	39.3	8.535	7	\N	\N
2026-11-22 14:59:55+00	seokhwan	gateway	0	21.8	40.7	22.6	39.2	8.498	7	\N	\N
2026-11-21 15:00:00+00	panri	gateway	0	21.8	40.6	22.6	39.2	8.375	7	\N	\N
2026-11-21 15:00:00+00	seokhwan	gateway	0	21.8	40.6	22.6	39.2	8.375	7	\N	\N
\.


--
-- Data for Name: event; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.event ("time", site, device, kind, until, detail) FROM stdin;
2026-11-22 14:59:52+00	panri	gateway	device lost	\N	said "no", twice
2026-11-22 14:59:53+00	panri	gateway	device back	2026-11-22 14:59:53.5+00	two\nlines, and\r\nthree
2026-11-22 14:59:54+00	panri	gateway	registers parked	2026-11-22 14:59:54.5+00	
2026-11-22 14:59:55+00	panri	gateway	asked singly	\N	=1+1
2026-11-22 14:59:50+00	seokhwan	gateway	device lost	\N	said "no", twice
2026-11-22 14:59:55+00	seokhwan	gateway	device back	2026-11-22 14:59:55.5+00	two\nlines, and\r\nthree
\.


--
-- Data for Name: export_object; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.export_object (site, table_name, day, form, place, name, generation, bytes, crc32c, content_crc32c, rows, first, last, mark, schema_hash, version, exported_at, starts, ends, dropped) FROM stdin;
panri	bank	2026-11-22	csv	/srv/ess_ray/export	panri/2026/11/22/20261122_bank.csv	1795712431065099957	4464	1109305955	1109305955	14	2026-11-22 14:59:52+00	2026-11-22 14:59:58+00	7712526156686719120/759:759:	d6376f0d16736157	0.1.0	2026-11-26 17:00:31.080574+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
panri	rack	2026-11-22	csv	/srv/ess_ray/export	panri/2026/11/22/20261122_rack.csv	1795712431139983458	35652	2265342288	2265342288	119	2026-11-22 14:59:52+00	2026-11-22 14:59:58+00	7712526156686719120/761:761:	e751fea5fbd0b9e7	0.1.0	2026-11-26 17:00:31.141978+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
panri	pcs	2026-11-22	csv	/srv/ess_ray/export	panri/2026/11/22/20261122_pcs.csv	1795712431177886332	1920	1233795464	1233795464	7	2026-11-22 14:59:52+00	2026-11-22 14:59:58+00	7712526156686719120/763:763:	ea35ede3f2ff82bb	0.1.0	2026-11-26 17:00:31.179722+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
panri	etc	2026-11-22	csv	/srv/ess_ray/export	panri/2026/11/22/20261122_etc.csv	1795712431213967451	632	2549439344	2549439344	7	2026-11-22 14:59:52+00	2026-11-22 14:59:58+00	7712526156686719120/765:765:	b5094b4f6dcc64a0	0.1.0	2026-11-26 17:00:31.216016+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
panri	sample	2026-11-22	csv	/srv/ess_ray/export	panri/2026/11/22/20261122_sample.csv	1795712431248394201	678	2878511600	2878511600	8	2026-11-22 14:59:52+00	2026-11-22 14:59:59+00	7712526156686719120/767:767:	80dace6de51bb0b9	0.1.0	2026-11-26 17:00:31.250085+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
panri	event	2026-11-22	csv	/srv/ess_ray/export	panri/2026/11/22/20261122_event.csv	1795712431280160974	365	1040586723	1040586723	4	2026-11-22 14:59:52+00	2026-11-22 14:59:55+00	7712526156686719120/769:769:	7866bcaca651af30	0.1.0	2026-11-26 17:00:31.281908+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
seokhwan	bank	2026-11-22	csv	/srv/ess_ray/export	seokhwan/2026/11/22/20261122_bank.csv	1795712431322519307	1586	2091747071	2091747071	2	2026-11-22 14:59:50+00	2026-11-22 14:59:55+00	7712526156686719120/771:771:	de39fab93e2defbb	0.1.0	2026-11-26 17:00:31.32537+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
seokhwan	rack	2026-11-22	csv	/srv/ess_ray/export	seokhwan/2026/11/22/20261122_rack.csv	1795712431357207143	6006	784562270	784562270	18	2026-11-22 14:59:50+00	2026-11-22 14:59:55+00	7712526156686719120/773:773:	e751fea5fbd0b9e7	0.1.0	2026-11-26 17:00:31.358925+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
seokhwan	module	2026-11-22	csv	/srv/ess_ray/export	seokhwan/2026/11/22/20261122_module.csv	1795712431391407678	41632	1232374001	1232374001	306	2026-11-22 14:59:50+00	2026-11-22 14:59:55+00	7712526156686719120/775:775:	f2e03b96ad88d5fd	0.1.0	2026-11-26 17:00:31.392993+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
seokhwan	pcs	2026-11-22	csv	/srv/ess_ray/export	seokhwan/2026/11/22/20261122_pcs.csv	1795712431429745646	1044	3577867018	3577867018	2	2026-11-22 14:59:50+00	2026-11-22 14:59:55+00	7712526156686719120/777:777:	57136ddd0678e055	0.1.0	2026-11-26 17:00:31.431882+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
seokhwan	etc	2026-11-22	csv	/srv/ess_ray/export	seokhwan/2026/11/22/20261122_etc.csv	1795712431471807610	292	2027957896	2027957896	2	2026-11-22 14:59:50+00	2026-11-22 14:59:55+00	7712526156686719120/779:779:	b5094b4f6dcc64a0	0.1.0	2026-11-26 17:00:31.474914+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
seokhwan	sample	2026-11-22	csv	/srv/ess_ray/export	seokhwan/2026/11/22/20261122_sample.csv	1795712431514537085	218	3953103535	3953103535	2	2026-11-22 14:59:50+00	2026-11-22 14:59:55+00	7712526156686719120/781:781:	80dace6de51bb0b9	0.1.0	2026-11-26 17:00:31.516483+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
seokhwan	event	2026-11-22	csv	/srv/ess_ray/export	seokhwan/2026/11/22/20261122_event.csv	1795712431554637095	222	3326833441	3326833441	2	2026-11-22 14:59:50+00	2026-11-22 14:59:55+00	7712526156686719120/783:783:	7866bcaca651af30	0.1.0	2026-11-26 17:00:31.556403+00	2026-11-21 15:00:00+00	2026-11-22 15:00:00+00	f
\.


--
-- Data for Name: export_until; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.export_until (site, until) FROM stdin;
panri	2026-11-22 15:00:00+00
seokhwan	2026-11-22 15:00:00+00
\.


--
-- Data for Name: late_commit; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.late_commit (xid, cluster, site, tables, first, last) FROM stdin;
784	7712526156686719120	panri	{sample,bank,rack,pcs,etc}	2026-11-21 15:00:00+00	2026-11-21 15:00:00+00
785	7712526156686719120	seokhwan	{sample,bank,rack,pcs,etc,module}	2026-11-21 15:00:00+00	2026-11-21 15:00:00+00
\.


--
-- Data for Name: module; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.module ("time", site, device, quality, bank_id, rack_id, module_id, cell_voltage_1, cell_voltage_2, cell_voltage_3, cell_voltage_4, cell_voltage_5, cell_voltage_6, cell_voltage_7, cell_voltage_8, cell_voltage_9, cell_voltage_10, cell_voltage_11, cell_voltage_12) FROM stdin;
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	1	3.4034	3.4	3.4031	3.4031	3.3987	3.4014	3.3994	3.3988	3.4001	3.4015	3.3989	3.4023
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	2	3.3985	3.3966	3.4002	3.4004	3.3982	3.4029	3.4004	3.4034	3.4002	3.4024	3.4045	3.4013
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	3	3.4006	3.4012	3.3987	3.4018	3.4015	3.3976	3.4026	3.3998	3.4005	3.4005	3.4013	3.4015
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	4	3.3981	3.4012	3.3993	3.4038	3.4005	3.402	3.4014	3.4019	3.4063	3.4027	3.4016	3.3997
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	5	3.4002	3.4029	3.4025	3.3993	3.3993	3.4017	3.3996	3.4009	3.4003	3.4018	3.4021	3.4027
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	6	3.4002	3.3984	3.4	3.4019	3.4005	3.4019	3.3998	3.4003	3.3992	3.4005	3.3972	3.4003
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	7	3.4002	3.404	3.4021	3.4036	3.3993	3.3983	3.3998	3.4019	3.3965	3.4014	3.4006	3.4018
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	8	3.4017	3.3997	3.4006	3.4016	3.3976	3.4024	3.4022	3.4007	3.4013	3.4023	3.4002	3.4003
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	9	3.4012	3.4021	3.403	3.3991	3.3999	3.4014	3.4025	3.4037	3.3986	3.4002	3.4004	3.4019
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	10	3.4026	3.4017	3.4003	3.3982	3.4005	3.4025	3.3988	3.4008	3.3988	3.3998	3.4032	3.4015
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	11	3.3997	3.4009	3.4008	3.3999	3.3998	3.4006	3.4018	3.4002	3.4015	3.3968	3.3984	3.398
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	12	3.3999	3.4021	3.401	3.4007	3.4032	3.4026	3.4017	3.3999	3.4025	3.4016	3.4003	3.3994
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	13	3.3984	3.3983	3.4029	3.4029	3.3984	3.4013	3.4039	3.4029	3.4005	3.4045	3.4018	3.4049
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	14	3.3996	3.4041	3.4011	3.3988	3.4018	3.3993	3.3997	3.3984	3.4015	3.4005	3.4021	3.4009
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	15	3.4012	3.4031	3.3993	3.4012	3.3978	3.3947	3.4032	3.4029	3.3995	3.3984	3.4005	3.402
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	16	3.4027	3.4002	3.3957	3.3966	3.399	3.4022	3.4002	3.4006	3.4008	3.4031	3.4021	3.3977
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	17	3.4037	3.3981	3.4009	3.4033	3.4009	3.4026	3.3986	3.398	3.3996	3.401	3.4035	3.4014
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	1	3.396	3.3978	3.3973	3.3928	3.3965	3.3924	3.3944	3.3979	3.395	3.3988	3.3945	3.3952
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	2	3.3933	3.3942	3.3985	3.3941	3.3974	3.3961	3.396	3.3951	3.3932	3.3946	3.3953	3.3942
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	3	3.3951	3.3953	3.394	3.3958	3.3956	3.3966	3.3947	3.3953	3.3938	3.3948	3.3985	3.3962
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	4	3.3955	3.3927	3.3958	3.3946	3.3952	3.3963	3.3949	3.3959	3.395	3.3962	3.3946	3.3914
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	5	3.3942	3.3949	3.3961	3.3966	3.3948	3.3945	3.3942	3.3993	3.396	3.3961	3.3962	3.3935
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	6	3.3936	3.3955	3.3938	3.3923	3.3946	3.3974	3.3931	3.3959	3.3914	3.3974	3.3956	3.3919
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	7	3.396	3.3939	3.3922	3.3941	3.3985	3.3955	3.3935	3.3936	3.3944	3.3953	3.3964	3.3957
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	8	3.3955	3.3942	3.3945	3.3962	3.3956	3.398	3.3913	3.396	3.391	3.3937	3.3927	3.3999
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	9	3.3964	3.3946	3.3967	3.3935	3.3969	3.3928	3.3939	3.3953	3.3933	3.3957	3.3962	3.3955
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	10	3.3963	3.3932	3.3933	3.3984	3.3958	3.3941	3.3941	3.3957	3.398	3.3952	3.3933	3.3938
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	11	3.3972	3.3948	3.397	3.3901	3.394	3.3966	3.394	3.3955	3.3951	3.3932	3.3957	3.3957
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	12	3.3932	3.3968	3.3946	3.3952	3.3956	3.3931	3.3958	3.3979	3.3953	3.3984	3.3965	3.3987
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	13	3.3991	3.3926	3.3949	3.3965	3.3922	3.3933	3.3964	3.3971	3.3971	3.3953	3.3938	3.3976
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	14	3.3955	3.3963	3.3981	3.3954	3.3978	3.3972	3.3977	3.3965	3.394	3.397	3.399	3.3938
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	15	3.3958	3.3959	3.3974	3.3926	3.394	3.396	3.3925	3.3936	3.3976	3.3946	3.3936	3.3993
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	16	3.394	3.3949	3.3939	3.3946	3.3969	3.3943	3.3933	3.3965	3.3935	3.3936	3.397	3.3982
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	17	3.3954	3.3956	3.3944	3.3968	3.3923	3.3951	3.3949	3.3942	3.3928	3.3919	3.3947	3.3949
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	1	3.3936	3.3952	3.3956	3.3925	3.3969	3.3937	3.3933	3.3936	3.3945	3.3892	3.3918	3.3935
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	2	3.3957	3.3929	3.3933	3.3967	3.3952	3.3928	3.3934	3.3944	3.3916	3.3876	3.3937	3.3927
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	3	3.3924	3.3918	3.3916	3.3947	3.3928	3.3944	3.3914	3.3923	3.3947	3.3927	3.3924	3.394
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	4	3.3937	3.3931	3.3932	3.3882	3.3915	3.3941	3.3933	3.3945	3.3924	3.3966	3.3926	3.3943
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	5	3.395	3.3906	3.391	3.3897	3.3903	3.3935	3.3927	3.389	3.394	3.3923	3.3921	3.3913
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	6	3.392	3.3943	3.3933	3.3956	3.3939	3.3908	3.3911	3.3956	3.3929	3.3946	3.3932	3.3956
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	7	3.3928	3.3904	3.3917	3.3981	3.394	3.394	3.3931	3.3902	3.3944	3.3929	3.3908	3.3941
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	8	3.3939	3.3938	3.3936	3.3925	3.3935	3.3953	3.3908	3.395	3.3923	3.3911	3.3943	3.3949
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	9	3.3927	3.3919	3.3948	3.3941	3.3931	3.391	3.3951	3.3949	3.3926	3.3906	3.3943	3.3953
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	10	3.3946	3.3944	3.3875	3.3945	3.394	3.3929	3.3944	3.396	3.3947	3.3921	3.3934	3.3903
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	11	3.3893	3.3936	3.397	3.3909	3.3889	3.3945	3.3942	3.3914	3.3907	3.3924	3.3937	3.389
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	12	3.3908	3.3925	3.391	3.3942	3.393	3.394	3.3909	3.3959	3.3939	3.3912	3.3938	3.3923
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	13	3.396	3.3929	3.3927	3.3929	3.392	3.3947	3.3948	3.3941	3.3909	3.3906	3.3929	3.3921
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	14	3.3907	3.3916	3.3932	3.3944	3.3918	3.3951	3.3929	3.3929	3.3902	3.3919	3.3924	3.392
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	15	3.3927	3.391	3.3953	3.3908	3.3918	3.3922	3.392	3.3928	3.3917	3.3903	3.3934	3.3915
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	16	3.3901	3.3909	3.3908	3.3933	3.3925	3.3959	3.3875	3.393	3.3913	3.3913	3.3929	3.3917
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	17	3.3918	3.3925	3.3926	3.3939	3.391	3.3949	3.3918	3.3935	3.3909	3.3938	3.3925	3.3915
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	1	3.3977	3.3976	3.399	3.3956	3.3932	3.3962	3.3993	3.3942	3.3977	3.3934	3.3954	3.3953
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	2	3.3969	3.3972	3.3979	3.3964	3.3934	3.3943	3.3963	3.3968	3.4011	3.3949	3.3904	3.3956
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	3	3.3951	3.3942	3.3957	3.3957	3.3948	3.3986	3.3953	3.3947	3.3934	3.3957	3.3926	3.394
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	4	3.3944	3.3956	3.393	3.3959	3.3953	3.396	3.3954	3.3942	3.3964	3.396	3.3967	3.39
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	5	3.3939	3.396	3.3962	3.399	3.3959	3.3957	3.3985	3.3973	3.3954	3.3984	3.3974	3.395
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	6	3.3984	3.3937	3.3997	3.3985	3.3936	3.3935	3.3974	3.3967	3.3945	3.3937	3.3978	3.3946
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	7	3.3948	3.3967	3.3939	3.3942	3.3968	3.3949	3.3929	3.3942	3.399	3.3952	3.3977	3.3952
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	8	3.397	3.3941	3.3973	3.3916	3.3989	3.3922	3.3959	3.3942	3.3938	3.3954	3.3928	3.3943
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	9	3.3976	3.3939	3.3981	3.3976	3.3975	3.3956	3.3961	3.3953	3.395	3.3925	3.3943	3.3934
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	10	3.3944	3.3964	3.4	3.3949	3.3954	3.396	3.3942	3.3966	3.4	3.3933	3.3971	3.3981
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	11	3.3976	3.4	3.3935	3.3955	3.3976	3.3925	3.3933	3.393	3.3946	3.3963	3.3956	3.3986
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	12	3.3985	3.3971	3.3973	3.3915	3.3975	3.3987	3.3947	3.3968	3.3953	3.3957	3.3954	3.3978
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	13	3.3965	3.3991	3.3953	3.3935	3.3941	3.3934	3.3977	3.3959	3.3977	3.3963	3.396	3.3988
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	14	3.3977	3.3978	3.3973	3.3961	3.3948	3.3984	3.395	3.3975	3.3975	3.3944	3.3962	3.3977
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	15	3.3966	3.3982	3.3953	3.3937	3.3949	3.3955	3.3982	3.3927	3.3901	3.3941	3.3965	3.3936
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	16	3.3973	3.3953	3.3949	3.3935	3.3964	3.3965	3.3964	3.3984	3.3923	3.3923	3.3951	3.3962
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	17	3.3952	3.3973	3.3955	3.396	3.3933	3.3971	3.3945	3.3964	3.3955	3.3977	3.3948	3.3947
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	1	3.3871	3.3931	3.3895	3.3925	3.3884	3.3895	3.3924	3.3876	3.3903	3.39	3.3909	3.3898
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	2	3.3869	3.3877	3.3861	3.3889	3.3887	3.3923	3.3886	3.3912	3.3888	3.3935	3.392	3.3887
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	3	3.3869	3.3879	3.3908	3.3917	3.3897	3.3881	3.3896	3.3901	3.3895	3.3904	3.3906	3.3894
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	4	3.3887	3.3921	3.3881	3.3886	3.3928	3.3917	3.3887	3.3865	3.3902	3.3899	3.3913	3.3908
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	5	3.3887	3.3866	3.3925	3.3902	3.3905	3.3904	3.3902	3.3876	3.3893	3.3902	3.3931	3.3923
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	6	3.3915	3.3872	3.3902	3.3913	3.3896	3.391	3.3887	3.3916	3.3901	3.3888	3.3878	3.3882
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	7	3.3859	3.3933	3.3908	3.3901	3.3888	3.3859	3.3891	3.39	3.3902	3.3923	3.3911	3.3884
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	8	3.392	3.3879	3.3854	3.3919	3.3883	3.3915	3.3909	3.3909	3.3928	3.3916	3.3879	3.3916
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	9	3.3896	3.393	3.3905	3.3913	3.3889	3.3886	3.3893	3.3892	3.3904	3.3892	3.391	3.3921
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	10	3.3911	3.3886	3.3899	3.3915	3.3871	3.389	3.3901	3.3912	3.3913	3.3893	3.3878	3.3913
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	11	3.3934	3.3912	3.3927	3.3893	3.3867	3.3923	3.3877	3.3884	3.389	3.3883	3.3903	3.386
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	12	3.388	3.3893	3.3915	3.3918	3.391	3.393	3.391	3.3897	3.3924	3.3882	3.392	3.3888
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	13	3.3901	3.3922	3.3891	3.388	3.3915	3.3924	3.3896	3.391	3.3896	3.389	3.3917	3.3914
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	14	3.3891	3.3916	3.39	3.3897	3.387	3.3897	3.3876	3.3876	3.3907	3.3886	3.3887	3.388
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	15	3.3879	3.393	3.3899	3.3895	3.3872	3.3905	3.3859	3.3896	3.3899	3.3919	3.3907	3.3866
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	16	3.3913	3.3884	3.3879	3.3888	3.3938	3.3887	3.3893	3.3882	3.3888	3.389	3.3888	3.3882
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	17	3.3878	3.3878	3.3878	3.3889	3.3912	3.3901	3.3908	3.389	3.3884	3.3887	3.393	3.3911
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	1	3.3943	3.3965	3.3955	3.392	3.3973	3.3948	3.3924	3.3925	3.3929	3.3922	3.3945	3.3908
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	2	3.3949	3.3906	3.3943	3.3949	3.3922	3.3891	3.3969	3.394	3.3929	3.391	3.3929	3.3935
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	3	3.3937	3.3944	3.3932	3.3961	3.3966	3.3971	3.3959	3.3951	3.3921	3.3954	3.3937	3.392
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	4	3.3948	3.3939	3.3943	3.3935	3.3966	3.396	3.3943	3.392	3.3932	3.3944	3.3934	3.3946
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	5	3.3956	3.3953	3.3938	3.3901	3.3942	3.3935	3.3934	3.3938	3.3964	3.3944	3.3941	3.3915
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	6	3.3933	3.3938	3.3919	3.3965	3.3933	3.3929	3.3945	3.3919	3.3934	3.394	3.3952	3.396
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	7	3.3953	3.3933	3.3938	3.3958	3.3942	3.3942	3.3916	3.3955	3.3932	3.3934	3.3911	3.3928
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	8	3.3952	3.3957	3.3961	3.3945	3.3963	3.3943	3.3939	3.3946	3.3966	3.3963	3.3985	3.3937
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	9	3.3938	3.3963	3.3943	3.395	3.3954	3.392	3.3931	3.3968	3.3929	3.3956	3.3941	3.3975
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	10	3.3931	3.3933	3.3895	3.3937	3.3932	3.3984	3.3931	3.395	3.3926	3.3937	3.3919	3.3957
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	11	3.3927	3.393	3.393	3.3939	3.3948	3.3936	3.3944	3.3943	3.3938	3.3914	3.3949	3.3955
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	12	3.3953	3.3951	3.3955	3.3944	3.3931	3.3928	3.3947	3.3936	3.3937	3.394	3.3938	3.3917
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	13	3.3931	3.3946	3.3947	3.3939	3.394	3.3941	3.3963	3.3928	3.3974	3.3923	3.3946	3.3927
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	14	3.3903	3.3964	3.3949	3.397	3.3945	3.395	3.3997	3.3958	3.3919	3.3945	3.3958	3.3922
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	15	3.3964	3.3967	3.3945	3.3972	3.392	3.3947	3.3926	3.3942	3.3923	3.3958	3.3905	3.3947
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	16	3.3935	3.3948	3.3921	3.3936	3.3906	3.3937	3.3928	3.3955	3.3964	3.3936	3.3933	3.392
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	17	3.3916	3.3941	3.3978	3.3949	3.3938	3.3957	3.3952	3.3953	3.3921	3.3956	3.3914	3.3917
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	1	3.3939	3.3935	3.3934	3.3907	3.3926	3.3917	3.3932	3.3951	3.3958	3.3921	3.3956	3.3935
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	2	3.3973	3.3942	3.3946	3.3919	3.3989	3.3946	3.3943	3.3908	3.3985	3.3911	3.3906	3.3951
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	3	3.3949	3.3956	3.391	3.3933	3.3973	3.3904	3.3926	3.3929	3.3953	3.3963	3.3915	3.3925
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	4	3.3937	3.3928	3.3884	3.3931	3.3943	3.3955	3.3945	3.3918	3.3935	3.3935	3.3898	3.3931
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	5	3.3924	3.391	3.3916	3.3963	3.3966	3.3938	3.3915	3.3949	3.3946	3.3966	3.3955	3.395
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	6	3.3929	3.3893	3.3933	3.3933	3.39	3.3948	3.3934	3.3933	3.3936	3.3937	3.3929	3.3956
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	7	3.3957	3.3949	3.3933	3.3939	3.3924	3.3948	3.3934	3.3923	3.3928	3.3946	3.3934	3.3917
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	8	3.3919	3.3897	3.3937	3.3944	3.3924	3.3952	3.3928	3.3924	3.3918	3.392	3.3934	3.3947
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	9	3.3912	3.3921	3.3946	3.3972	3.3955	3.3939	3.3947	3.3928	3.3928	3.3922	3.3934	3.3928
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	10	3.3948	3.3923	3.3943	3.3933	3.3934	3.3929	3.3935	3.3951	3.3925	3.3921	3.3897	3.3943
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	11	3.3925	3.3882	3.3948	3.3955	3.3929	3.3906	3.3934	3.3937	3.3913	3.3949	3.3937	3.3926
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	12	3.3961	3.3942	3.3908	3.3924	3.3954	3.3915	3.3935	3.3962	3.3928	3.3944	3.3948	3.3915
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	13	3.3946	3.3961	3.3943	3.3954	3.3947	3.3946	3.3929	3.3933	3.3927	3.394	3.3939	3.395
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	14	3.3947	3.393	3.3917	3.3918	3.3906	3.3948	3.3945	3.3924	3.3928	3.3941	3.3959	3.3932
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	15	3.3909	3.3927	3.3899	3.3935	3.3905	3.3949	3.3939	3.3925	3.3961	3.3882	3.3953	3.3923
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	16	3.3941	3.3941	3.3923	3.3969	3.3924	3.3909	3.3904	3.3953	3.3932	3.3954	3.3922	3.3953
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	17	3.3912	3.3934	3.3936	3.3951	3.3929	3.3924	3.3915	3.3931	3.3923	3.3923	3.3937	3.3915
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	1	3.3922	3.3932	3.3912	3.3922	3.3902	3.3929	3.3964	3.3916	3.392	3.3929	3.3928	3.3892
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	2	3.3943	3.3958	3.3933	3.3931	3.3924	3.3946	3.3914	3.3934	3.3912	3.3908	3.394	3.3907
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	3	3.3942	3.3891	3.3935	3.3924	3.3959	3.3934	3.391	3.3948	3.3929	3.3953	3.3913	3.3937
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	4	3.3949	3.3936	3.3907	3.3923	3.3892	3.3937	3.3933	3.3903	3.3936	3.3917	3.3908	3.3935
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	5	3.3928	3.3944	3.3956	3.3939	3.3918	3.3923	3.3907	3.3916	3.3902	3.3923	3.3932	3.3925
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	6	3.391	3.3902	3.3927	3.392	3.3945	3.394	3.3927	3.3943	3.3912	3.3943	3.3909	3.3911
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	7	3.3949	3.3901	3.3915	3.3938	3.3918	3.3915	3.3948	3.3961	3.3946	3.3929	3.3966	3.3919
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	8	3.392	3.3898	3.3912	3.3919	3.3911	3.3924	3.3918	3.3921	3.3923	3.3937	3.3909	3.3925
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	9	3.3929	3.3934	3.3938	3.3918	3.3925	3.39	3.3895	3.3901	3.3931	3.3885	3.3922	3.3934
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	10	3.3888	3.3915	3.3933	3.3956	3.3902	3.3939	3.3911	3.3928	3.3902	3.3913	3.3904	3.3965
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	11	3.3908	3.3934	3.3935	3.3913	3.3903	3.3907	3.3943	3.3958	3.389	3.3943	3.3927	3.3922
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	12	3.393	3.3945	3.3927	3.3938	3.3907	3.3922	3.396	3.3947	3.394	3.3935	3.3921	3.3928
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	13	3.3908	3.3899	3.39	3.3917	3.3921	3.3908	3.3931	3.3923	3.3913	3.3941	3.3927	3.3922
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	14	3.3941	3.3918	3.3954	3.3881	3.3949	3.3948	3.3931	3.3911	3.389	3.3939	3.393	3.3924
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	15	3.3952	3.3927	3.3925	3.3927	3.3921	3.3938	3.392	3.3908	3.3902	3.3925	3.3917	3.3926
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	16	3.3904	3.3971	3.3944	3.3925	3.3929	3.3922	3.3937	3.3921	3.3915	3.3935	3.3936	3.3952
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	17	3.3957	3.3916	3.3891	3.3937	3.3901	3.392	3.3909	3.3912	3.3917	3.3901	3.3949	3.3961
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	1	3.3924	3.3881	3.392	3.3914	3.3886	3.3927	3.389	3.3893	3.3898	3.3926	3.3893	3.3896
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	2	3.3875	3.3888	3.3924	3.3898	3.3925	3.3913	3.3853	3.3919	3.3934	3.3886	3.3897	3.3892
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	3	3.3924	3.3876	3.3929	3.3889	3.3919	3.3913	3.3902	3.3918	3.3891	3.3884	3.3934	3.3909
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	4	3.3902	3.3877	3.3911	3.3942	3.3905	3.387	3.3893	3.39	3.3918	3.3892	3.3908	3.3909
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	5	3.3926	3.3954	3.387	3.392	3.3878	3.3918	3.388	3.3881	3.3895	3.3926	3.392	3.3863
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	6	3.3889	3.3899	3.3903	3.3906	3.3914	3.3906	3.3879	3.3905	3.3897	3.3885	3.3905	3.3933
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	7	3.3892	3.3903	3.389	3.3917	3.391	3.3923	3.3901	3.3918	3.3915	3.3887	3.3921	3.3927
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	8	3.3935	3.3927	3.395	3.3886	3.3844	3.3911	3.3878	3.3925	3.394	3.3929	3.3899	3.3879
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	9	3.3909	3.3877	3.3897	3.3897	3.3889	3.3909	3.3891	3.389	3.3909	3.3878	3.3891	3.3901
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	10	3.3892	3.3962	3.3896	3.3915	3.3891	3.3888	3.3902	3.392	3.392	3.3865	3.3908	3.3907
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	11	3.3915	3.3882	3.3903	3.392	3.3889	3.3896	3.3903	3.3891	3.3906	3.3888	3.3921	3.39
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	12	3.3912	3.3904	3.3919	3.3859	3.3893	3.3882	3.3925	3.3916	3.3926	3.3912	3.3939	3.3877
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	13	3.392	3.3924	3.3898	3.3907	3.3903	3.3911	3.3904	3.3915	3.3918	3.3873	3.3845	3.3927
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	14	3.3906	3.3874	3.3879	3.3911	3.3916	3.3868	3.3882	3.3926	3.3879	3.3904	3.3889	3.3923
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	15	3.3895	3.3929	3.3933	3.3916	3.3891	3.3911	3.3908	3.3879	3.3904	3.3899	3.3907	3.3918
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	16	3.3952	3.3895	3.3926	3.3885	3.3885	3.3868	3.3882	3.389	3.386	3.3842	3.3891	3.3907
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	17	3.3916	3.3895	3.3884	3.3909	3.3862	3.3908	3.3879	3.3907	3.3933	3.3883	3.3899	3.3904
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	1	3.4031	3.4001	3.4032	3.4026	3.3986	3.4016	3.3989	3.3991	3.3997	3.4015	3.3994	3.4019
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	2	3.3983	3.3967	3.4	3.4003	3.3985	3.4027	3.4005	3.403	3.4004	3.4018	3.4044	3.4012
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	3	3.4007	3.401	3.399	3.402	3.4011	3.3979	3.4026	3.3997	3.4005	3.4005	3.4018	3.4016
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	4	3.3984	3.4015	3.3995	3.404	3.4003	3.4019	3.4014	3.4022	3.4062	3.4028	3.4015	3.3994
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	5	3.4001	3.4026	3.4018	3.3995	3.3992	3.4014	3.3999	3.4008	3.4003	3.4015	3.4017	3.4024
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	6	3.4005	3.3979	3.4002	3.4018	3.401	3.4017	3.4002	3.4005	3.3991	3.4006	3.3974	3.4004
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	7	3.4001	3.4038	3.4021	3.4037	3.3994	3.3984	3.4003	3.4015	3.3966	3.4017	3.4005	3.4016
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	8	3.4016	3.3998	3.4004	3.4018	3.3978	3.4026	3.4021	3.4009	3.4017	3.4021	3.4004	3.4002
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	9	3.4013	3.4023	3.4028	3.3985	3.4	3.4014	3.4025	3.404	3.3982	3.4	3.4003	3.402
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	10	3.4024	3.4016	3.4	3.3982	3.4005	3.4021	3.3991	3.4004	3.3989	3.4	3.4031	3.4016
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	11	3.4	3.4008	3.4013	3.3995	3.3999	3.4006	3.4017	3.4003	3.4015	3.3966	3.398	3.398
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	12	3.4002	3.4017	3.4009	3.401	3.4028	3.4025	3.4016	3.3994	3.4022	3.4014	3.4001	3.3996
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	13	3.3984	3.3983	3.4029	3.4033	3.3982	3.4012	3.4033	3.4029	3.4011	3.4048	3.4018	3.4048
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	14	3.3992	3.4039	3.4008	3.3985	3.4016	3.3992	3.4002	3.3983	3.4016	3.4006	3.4025	3.4003
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	15	3.4007	3.4028	3.3991	3.4011	3.3976	3.3949	3.4035	3.4029	3.4	3.3985	3.4004	3.4022
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	16	3.4028	3.4003	3.3956	3.3967	3.3989	3.4021	3.4005	3.4005	3.4006	3.4031	3.402	3.3978
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	17	3.4039	3.3983	3.4013	3.4032	3.4007	3.402	3.3987	3.3982	3.3996	3.4012	3.4034	3.4011
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	1	3.3956	3.3977	3.3974	3.3933	3.3972	3.3927	3.3945	3.3974	3.3952	3.3988	3.3946	3.3952
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	2	3.3935	3.394	3.3982	3.3941	3.3981	3.3959	3.3962	3.3954	3.3933	3.3945	3.3953	3.3943
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	3	3.3954	3.3949	3.3941	3.3962	3.3955	3.3963	3.3947	3.3955	3.3939	3.3952	3.3984	3.396
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	4	3.3956	3.3927	3.396	3.3945	3.3951	3.3969	3.3956	3.3962	3.395	3.3962	3.3945	3.392
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	5	3.3941	3.3946	3.3962	3.3962	3.3951	3.3945	3.3941	3.3997	3.3962	3.396	3.3963	3.3931
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	6	3.394	3.3953	3.3938	3.3929	3.3946	3.397	3.3929	3.3958	3.3914	3.3971	3.3956	3.3922
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	7	3.3959	3.3934	3.3927	3.394	3.3987	3.3954	3.3934	3.3934	3.3943	3.3953	3.3962	3.3954
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	8	3.3956	3.3937	3.3943	3.3964	3.396	3.3983	3.3913	3.3962	3.3914	3.394	3.3928	3.3996
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	9	3.3965	3.3949	3.3968	3.3937	3.3972	3.3928	3.3943	3.3953	3.3938	3.3957	3.3964	3.3955
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	10	3.396	3.393	3.3927	3.3982	3.3961	3.3942	3.3941	3.3961	3.3979	3.3961	3.3934	3.3937
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	11	3.3973	3.395	3.3973	3.3897	3.3942	3.3965	3.3943	3.3956	3.3951	3.3931	3.3958	3.3963
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	12	3.3929	3.3963	3.3944	3.3952	3.3954	3.3935	3.3959	3.398	3.3956	3.3987	3.3961	3.3987
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	13	3.3994	3.3931	3.3949	3.3966	3.3922	3.3931	3.3966	3.3968	3.3971	3.3953	3.3937	3.3971
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	14	3.3957	3.3962	3.3983	3.3955	3.3976	3.3969	3.3974	3.3962	3.3939	3.3966	3.3989	3.3939
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	15	3.3957	3.396	3.3975	3.3925	3.3949	3.3959	3.3931	3.3936	3.3977	3.3945	3.3936	3.3991
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	16	3.3938	3.3953	3.3937	3.3949	3.397	3.3945	3.3937	3.3963	3.394	3.3932	3.3973	3.3982
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	17	3.396	3.396	3.3942	3.3966	3.3927	3.3949	3.3951	3.394	3.3923	3.3924	3.3944	3.3951
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	1	3.3942	3.3953	3.3963	3.3928	3.3967	3.3931	3.3932	3.3938	3.3947	3.3896	3.3917	3.3941
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	2	3.3958	3.3922	3.3931	3.3966	3.3953	3.3926	3.3936	3.3946	3.3914	3.3878	3.3937	3.3925
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	3	3.3925	3.3921	3.3912	3.3952	3.3929	3.3946	3.391	3.3925	3.3946	3.3925	3.3916	3.3935
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	4	3.3933	3.3929	3.3932	3.3883	3.3916	3.3943	3.3935	3.3949	3.3926	3.3964	3.3927	3.3943
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	5	3.3947	3.3903	3.3916	3.3901	3.3905	3.3938	3.3931	3.3888	3.3938	3.3924	3.3918	3.3917
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	6	3.392	3.3947	3.3936	3.3954	3.394	3.3911	3.3905	3.3957	3.393	3.3947	3.3932	3.3957
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	7	3.3928	3.3905	3.3918	3.3983	3.394	3.3939	3.3928	3.3902	3.3942	3.3927	3.391	3.3944
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	8	3.3937	3.3934	3.3938	3.3929	3.3937	3.3953	3.3908	3.395	3.3923	3.3911	3.3942	3.3947
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	9	3.3924	3.3924	3.3946	3.3941	3.3934	3.3909	3.3952	3.3949	3.3928	3.3905	3.3937	3.3949
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	10	3.3947	3.3943	3.3876	3.3943	3.3939	3.3929	3.3946	3.3962	3.3943	3.3924	3.3934	3.3906
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	11	3.389	3.394	3.3967	3.3905	3.3893	3.3947	3.3933	3.3917	3.3912	3.3929	3.3936	3.3893
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	12	3.3911	3.3922	3.3912	3.3946	3.393	3.3937	3.3902	3.3967	3.3942	3.3915	3.3928	3.3921
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	13	3.3959	3.3927	3.3921	3.3936	3.3914	3.395	3.3945	3.3943	3.3912	3.3907	3.3924	3.3922
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	14	3.3908	3.3915	3.3932	3.3942	3.3918	3.3951	3.393	3.3925	3.3906	3.3921	3.3927	3.3921
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	15	3.3921	3.3916	3.395	3.3907	3.3918	3.3923	3.3925	3.3924	3.3918	3.3907	3.3934	3.3914
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	16	3.3898	3.3909	3.3902	3.3933	3.3923	3.3959	3.387	3.3925	3.3913	3.3911	3.3928	3.3915
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	17	3.3922	3.3922	3.3921	3.3948	3.391	3.3953	3.3915	3.3931	3.3914	3.3935	3.3925	3.3916
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	1	3.3977	3.3978	3.3991	3.3957	3.3932	3.3959	3.3994	3.3944	3.3979	3.3934	3.3958	3.3952
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	2	3.3971	3.3968	3.3977	3.3957	3.3932	3.394	3.3966	3.3964	3.4011	3.3948	3.3903	3.3952
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	3	3.3948	3.3945	3.3958	3.3962	3.3951	3.3987	3.395	3.3949	3.3941	3.396	3.3925	3.394
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	4	3.3949	3.3956	3.3932	3.3961	3.3954	3.396	3.3959	3.3948	3.3965	3.3957	3.3968	3.39
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	5	3.3939	3.3961	3.3958	3.3991	3.3959	3.3957	3.399	3.3971	3.3953	3.3981	3.3976	3.3951
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	6	3.3985	3.3934	3.3992	3.3982	3.3938	3.3935	3.3971	3.3965	3.3949	3.3938	3.3978	3.3948
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	7	3.3943	3.3967	3.3935	3.3941	3.3966	3.3949	3.3932	3.3946	3.3988	3.3951	3.3975	3.3954
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	8	3.3971	3.3942	3.3971	3.392	3.3986	3.3922	3.3962	3.3939	3.3939	3.3957	3.3928	3.3943
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	9	3.3976	3.394	3.3979	3.3978	3.3975	3.3957	3.396	3.3949	3.3951	3.3923	3.3946	3.3934
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	10	3.3948	3.3964	3.4002	3.3947	3.3954	3.3962	3.3942	3.397	3.3993	3.393	3.3972	3.3981
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	11	3.3978	3.4002	3.394	3.3959	3.3972	3.3925	3.3933	3.3934	3.3944	3.3959	3.3959	3.3983
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	12	3.3986	3.3974	3.397	3.3915	3.3975	3.3988	3.3948	3.3968	3.3952	3.3953	3.3957	3.3978
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	13	3.396	3.3987	3.3952	3.3937	3.3946	3.3936	3.3973	3.3959	3.3977	3.3964	3.3961	3.398
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	14	3.3973	3.3979	3.397	3.3964	3.3953	3.3981	3.3952	3.3977	3.3974	3.3946	3.3959	3.3973
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	15	3.3965	3.3981	3.3949	3.3938	3.3948	3.3956	3.3982	3.3928	3.3901	3.3941	3.3967	3.3938
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	16	3.3974	3.3959	3.3952	3.3938	3.3967	3.3967	3.396	3.3987	3.3925	3.3925	3.3954	3.3961
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	17	3.3952	3.3978	3.3954	3.3957	3.3929	3.397	3.3943	3.3961	3.3953	3.3975	3.3947	3.3949
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	1	3.3869	3.3936	3.3897	3.3922	3.3886	3.3892	3.3921	3.3874	3.3909	3.3899	3.3911	3.3897
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	2	3.3873	3.3877	3.3865	3.3889	3.3892	3.3925	3.3887	3.3909	3.3888	3.3934	3.392	3.3888
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	3	3.3867	3.388	3.3908	3.3915	3.3894	3.388	3.3891	3.3901	3.3895	3.3905	3.3909	3.3894
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	4	3.3882	3.3919	3.3883	3.3884	3.393	3.392	3.3889	3.3864	3.3903	3.3902	3.391	3.3911
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	5	3.3891	3.3866	3.3927	3.3903	3.3903	3.3906	3.3905	3.3872	3.3897	3.3898	3.3924	3.3924
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	6	3.3912	3.3874	3.3903	3.3917	3.3898	3.3909	3.3888	3.3911	3.3897	3.3889	3.388	3.3889
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	7	3.3858	3.3931	3.3909	3.3901	3.3881	3.3858	3.3892	3.3896	3.3909	3.3921	3.3911	3.3886
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	8	3.3923	3.3878	3.3852	3.3915	3.3884	3.3912	3.3909	3.3912	3.3927	3.3913	3.3879	3.3913
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	9	3.39	3.3927	3.3905	3.3909	3.3891	3.3884	3.3892	3.3897	3.3905	3.3896	3.3911	3.3916
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	10	3.3911	3.3893	3.3897	3.3919	3.387	3.3893	3.3899	3.3911	3.3914	3.3895	3.3879	3.3916
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	11	3.3932	3.3911	3.3924	3.3892	3.3867	3.3917	3.3878	3.3886	3.3888	3.3882	3.3902	3.3861
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	12	3.3876	3.3891	3.3915	3.3922	3.3909	3.3933	3.391	3.3896	3.3923	3.3887	3.392	3.3888
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	13	3.3902	3.3922	3.3891	3.3875	3.3913	3.3921	3.3899	3.3907	3.3896	3.3894	3.3919	3.3912
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	14	3.3894	3.3918	3.39	3.3895	3.3869	3.3896	3.388	3.3878	3.3903	3.3888	3.3887	3.3879
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	15	3.3878	3.3927	3.3901	3.3901	3.3868	3.391	3.3857	3.3897	3.3897	3.3914	3.3906	3.3865
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	16	3.3913	3.3885	3.3879	3.3889	3.3931	3.3887	3.3892	3.3883	3.3885	3.3892	3.3891	3.3881
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	17	3.3877	3.3877	3.3876	3.3889	3.391	3.3901	3.3908	3.3887	3.3885	3.3889	3.3933	3.392
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	1	3.3944	3.3966	3.3955	3.3921	3.3972	3.3949	3.3926	3.3925	3.3929	3.3919	3.3944	3.3908
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	2	3.3949	3.391	3.3943	3.3944	3.3919	3.3893	3.3969	3.3941	3.3929	3.3909	3.3933	3.3936
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	3	3.3941	3.3945	3.3928	3.3962	3.3965	3.3976	3.3963	3.3952	3.3922	3.396	3.3938	3.3914
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	4	3.3949	3.3939	3.3945	3.3939	3.3967	3.3966	3.3946	3.3922	3.3931	3.3947	3.3932	3.3945
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	5	3.3952	3.3953	3.3938	3.39	3.3943	3.3937	3.3932	3.3943	3.3962	3.3948	3.3941	3.3916
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	6	3.3933	3.3936	3.3916	3.3963	3.393	3.3932	3.395	3.3917	3.3932	3.3943	3.395	3.3962
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	7	3.3955	3.393	3.3936	3.3957	3.3944	3.3939	3.3912	3.3957	3.3935	3.3942	3.3906	3.3925
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	8	3.3953	3.396	3.3957	3.3946	3.3961	3.3941	3.3941	3.3948	3.3961	3.3963	3.3983	3.3934
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	9	3.3934	3.3962	3.3937	3.3954	3.3955	3.3918	3.3925	3.3961	3.393	3.3955	3.3948	3.3971
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	10	3.3932	3.393	3.3897	3.3935	3.3929	3.3986	3.3932	3.3953	3.3926	3.3941	3.3915	3.3958
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	11	3.3928	3.3927	3.3929	3.3944	3.3948	3.3936	3.3945	3.3942	3.3934	3.391	3.3948	3.3956
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	12	3.3958	3.3951	3.3953	3.3943	3.393	3.3923	3.3942	3.3932	3.3938	3.3942	3.3939	3.3916
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	13	3.3928	3.3942	3.3943	3.394	3.394	3.3937	3.3969	3.3924	3.3977	3.3923	3.3949	3.3927
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	14	3.3903	3.3961	3.3951	3.3966	3.3943	3.395	3.3995	3.3956	3.3921	3.3946	3.3954	3.3927
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	15	3.3968	3.397	3.3943	3.3972	3.3921	3.395	3.3924	3.3945	3.3924	3.3961	3.3907	3.3949
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	16	3.3937	3.3951	3.3923	3.3936	3.3908	3.3943	3.3929	3.3956	3.3968	3.3938	3.3931	3.3922
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	17	3.3917	3.3942	3.3978	3.3949	3.394	3.3954	3.3954	3.3951	3.3923	3.3952	3.3916	3.3914
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	1	3.394	3.3935	3.3936	3.391	3.3924	3.3917	3.3931	3.3953	3.3955	3.3923	3.3955	3.3931
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	2	3.3972	3.3943	3.3946	3.3918	3.3985	3.3948	3.3941	3.3911	3.3985	3.3914	3.3906	3.3953
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	3	3.3946	3.3958	3.3909	3.3934	3.3974	3.3905	3.3928	3.3928	3.3958	3.3966	3.3912	3.3927
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	4	3.394	3.3934	3.3884	3.3935	3.3944	3.3954	3.3947	3.3922	3.3934	3.3939	3.3898	3.3934
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	5	3.3924	3.3914	3.391	3.3965	3.3963	3.3939	3.3916	3.3953	3.3945	3.3964	3.3955	3.3948
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	6	3.3925	3.3892	3.3938	3.3932	3.39	3.3952	3.3929	3.3932	3.3934	3.3936	3.3927	3.3948
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	7	3.3958	3.3946	3.3934	3.394	3.3922	3.3946	3.3935	3.3922	3.3928	3.3948	3.3937	3.3918
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	8	3.3923	3.3899	3.3941	3.3945	3.3927	3.3954	3.3933	3.3922	3.3919	3.3926	3.3937	3.3949
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	9	3.3909	3.3924	3.395	3.3971	3.3959	3.3936	3.3948	3.3931	3.3927	3.3922	3.3933	3.3928
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	10	3.3951	3.3924	3.3949	3.3936	3.3934	3.3931	3.3938	3.3954	3.3921	3.3922	3.3901	3.3943
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	11	3.3931	3.3887	3.3948	3.3955	3.393	3.3907	3.3927	3.3939	3.3911	3.3948	3.3939	3.3926
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	12	3.3959	3.3945	3.3908	3.3926	3.3953	3.3913	3.3936	3.3961	3.3931	3.3948	3.3951	3.3917
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	13	3.3944	3.3956	3.3942	3.3957	3.3949	3.3949	3.3931	3.3935	3.3927	3.3941	3.394	3.3952
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	14	3.3948	3.3931	3.3915	3.3919	3.3908	3.3948	3.3944	3.3924	3.3927	3.3942	3.3961	3.3929
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	15	3.3911	3.393	3.3897	3.394	3.3912	3.395	3.3936	3.3923	3.3959	3.3881	3.3959	3.3921
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	16	3.394	3.3942	3.3923	3.3958	3.3921	3.3913	3.391	3.3952	3.3935	3.3953	3.3919	3.3953
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	17	3.3916	3.3938	3.3933	3.3954	3.3926	3.3925	3.3915	3.3929	3.3924	3.3926	3.3936	3.3918
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	1	3.3922	3.3931	3.3919	3.3922	3.3903	3.3926	3.3965	3.3917	3.3915	3.3928	3.3925	3.3895
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	2	3.3941	3.3957	3.3935	3.3931	3.3924	3.3946	3.3914	3.3929	3.3917	3.3911	3.3939	3.3907
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	3	3.3941	3.3893	3.3934	3.3918	3.3957	3.3934	3.3914	3.3943	3.3933	3.3954	3.3912	3.3936
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	4	3.3946	3.3934	3.391	3.3923	3.3901	3.3934	3.3933	3.3905	3.393	3.3917	3.391	3.3929
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	5	3.3929	3.3947	3.3957	3.394	3.3917	3.3923	3.3907	3.3915	3.3906	3.3919	3.3935	3.3929
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	6	3.3912	3.3902	3.3924	3.392	3.3946	3.3943	3.3921	3.3947	3.3913	3.3942	3.3907	3.3909
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	7	3.3945	3.3902	3.392	3.394	3.3924	3.3916	3.3952	3.3964	3.3942	3.3927	3.3967	3.3921
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	8	3.3918	3.3896	3.3918	3.3916	3.3902	3.3924	3.3922	3.3919	3.3926	3.394	3.391	3.392
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	9	3.3931	3.3938	3.3937	3.3921	3.3924	3.3898	3.3897	3.3906	3.3937	3.3888	3.3923	3.3935
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	10	3.3888	3.3913	3.3938	3.3951	3.3902	3.3938	3.3913	3.3927	3.3903	3.3914	3.3902	3.3963
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	11	3.3908	3.3936	3.3935	3.3915	3.39	3.3905	3.3952	3.3956	3.3891	3.3946	3.3927	3.3917
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	12	3.3929	3.3948	3.3928	3.3938	3.3909	3.3921	3.3957	3.3945	3.3942	3.3937	3.3922	3.393
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	13	3.3909	3.3897	3.3897	3.3919	3.3928	3.3907	3.3933	3.3923	3.3911	3.3938	3.3932	3.3918
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	14	3.394	3.3917	3.3953	3.3887	3.3951	3.3944	3.3936	3.3909	3.3889	3.3941	3.3933	3.393
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	15	3.3952	3.3928	3.3923	3.393	3.3922	3.3935	3.3921	3.3909	3.3905	3.3925	3.3917	3.3923
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	16	3.3906	3.3972	3.3948	3.3926	3.3929	3.3921	3.3942	3.3923	3.3918	3.3931	3.3936	3.3951
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	17	3.396	3.3914	3.3895	3.3935	3.39	3.3923	3.3916	3.3911	3.3917	3.3903	3.3946	3.3959
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	1	3.3922	3.3879	3.392	3.3913	3.3888	3.3928	3.3886	3.3893	3.3895	3.3928	3.389	3.3896
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	2	3.3873	3.3895	3.3926	3.3891	3.3921	3.3913	3.3853	3.392	3.3936	3.3886	3.3897	3.3888
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	3	3.3926	3.3878	3.3928	3.3889	3.3918	3.3907	3.3901	3.3919	3.3891	3.3881	3.3935	3.3909
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	4	3.3896	3.3877	3.3915	3.3944	3.3905	3.3866	3.3892	3.3898	3.3914	3.3891	3.3908	3.3912
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	5	3.3924	3.3953	3.3875	3.3918	3.3876	3.3919	3.3884	3.3882	3.3896	3.3918	3.392	3.3868
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	6	3.3887	3.3899	3.3902	3.3907	3.3919	3.3909	3.3876	3.3901	3.3895	3.3886	3.3909	3.3938
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	7	3.3893	3.3905	3.3887	3.3915	3.3907	3.3924	3.3902	3.3916	3.3913	3.3895	3.3918	3.3928
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	8	3.3934	3.3925	3.395	3.3886	3.3845	3.3911	3.3882	3.3921	3.3938	3.3928	3.39	3.3881
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	9	3.3913	3.3883	3.3894	3.3897	3.3893	3.3907	3.3892	3.389	3.391	3.3882	3.3893	3.3898
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	10	3.3889	3.3957	3.3895	3.3917	3.3895	3.3889	3.3903	3.3923	3.3916	3.3866	3.3908	3.391
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	11	3.3911	3.3883	3.3907	3.3922	3.3888	3.3895	3.3905	3.3889	3.3906	3.389	3.3921	3.3904
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	12	3.3914	3.3903	3.3919	3.386	3.3891	3.388	3.3924	3.3917	3.3926	3.3916	3.3941	3.3877
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	13	3.3924	3.3921	3.3898	3.3904	3.3901	3.3909	3.3906	3.3915	3.3915	3.3872	3.3847	3.3923
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	14	3.3905	3.3877	3.3867	3.3906	3.3917	3.3866	3.3882	3.3924	3.3877	3.3905	3.3893	3.392
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	15	3.3897	3.3926	3.3926	3.3916	3.3889	3.3913	3.3906	3.3874	3.39	3.3899	3.3904	3.3918
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	16	3.3952	3.3896	3.3924	3.3886	3.3883	3.3872	3.3884	3.389	3.3858	3.3841	3.3891	3.3909
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	17	3.3915	3.3893	3.3882	3.3905	3.3862	3.3906	3.3878	3.3903	3.393	3.3886	3.3899	3.3905
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	1	3.4032	3.3999	3.4031	3.4032	3.399	3.4017	3.3996	3.399	3.4001	3.4015	3.3989	3.4021
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	2	3.3984	3.3969	3.4002	3.4002	3.3984	3.4024	3.4008	3.4034	3.4002	3.4021	3.4048	3.4017
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	3	3.4006	3.4013	3.3988	3.4018	3.4011	3.3976	3.4028	3.3997	3.4007	3.4002	3.4019	3.4015
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	4	3.3985	3.4016	3.3997	3.4039	3.4006	3.4021	3.401	3.4021	3.4063	3.4032	3.4016	3.3995
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	5	3.4005	3.4021	3.4026	3.3993	3.3991	3.4017	3.3999	3.4013	3.4006	3.4012	3.4018	3.4023
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	6	3.4006	3.3982	3.4003	3.4016	3.4009	3.4018	3.4006	3.4005	3.399	3.4004	3.3972	3.4002
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	7	3.4005	3.4038	3.4019	3.4038	3.399	3.3981	3.4001	3.4019	3.3966	3.4015	3.4006	3.4014
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	8	3.402	3.3997	3.4007	3.4017	3.3975	3.4022	3.4018	3.4006	3.4014	3.4025	3.4004	3.4001
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	9	3.4016	3.4023	3.4026	3.3989	3.3995	3.4014	3.4024	3.4039	3.3984	3.4	3.4005	3.4024
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	10	3.4029	3.4017	3.4002	3.3982	3.4004	3.402	3.3988	3.4006	3.3991	3.3999	3.4031	3.4013
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	11	3.3995	3.4008	3.4009	3.3996	3.3999	3.4004	3.4017	3.4001	3.4016	3.3964	3.3983	3.3982
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	12	3.4002	3.4021	3.4013	3.4009	3.4027	3.4023	3.4015	3.3999	3.4021	3.4011	3.4002	3.3998
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	13	3.3987	3.3983	3.403	3.4031	3.3983	3.4012	3.4034	3.4031	3.4008	3.4045	3.4017	3.4048
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	14	3.3995	3.4043	3.4009	3.3985	3.4018	3.3994	3.4	3.3982	3.4013	3.4007	3.4024	3.4007
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	15	3.401	3.4034	3.3992	3.4012	3.3976	3.3948	3.4035	3.4031	3.3997	3.3985	3.4	3.4019
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	16	3.4032	3.4002	3.3955	3.3968	3.3989	3.402	3.4002	3.4007	3.4007	3.4027	3.4022	3.3978
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	17	3.4042	3.3981	3.4004	3.4031	3.4008	3.402	3.3985	3.3982	3.3998	3.4008	3.4035	3.401
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	1	3.3956	3.3974	3.3976	3.3932	3.3966	3.3926	3.3944	3.3976	3.3952	3.3984	3.395	3.3949
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	2	3.3933	3.394	3.3985	3.3939	3.3974	3.3955	3.3958	3.3951	3.3934	3.3945	3.3952	3.3944
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	3	3.3954	3.3952	3.3943	3.3964	3.3954	3.3962	3.3947	3.3953	3.3941	3.3951	3.3986	3.3961
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	4	3.3958	3.3924	3.3958	3.3946	3.3951	3.3962	3.3952	3.3961	3.3953	3.396	3.3948	3.3918
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	5	3.394	3.3946	3.3962	3.3963	3.3947	3.3942	3.3941	3.3996	3.3956	3.3957	3.3968	3.3932
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	6	3.3941	3.3953	3.3938	3.3929	3.3945	3.3971	3.3929	3.396	3.3916	3.3969	3.3958	3.3923
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	7	3.396	3.3936	3.3921	3.3938	3.3983	3.3954	3.3933	3.3931	3.3939	3.3947	3.3965	3.3954
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	8	3.3957	3.394	3.3941	3.3963	3.396	3.3981	3.3916	3.3963	3.391	3.3938	3.393	3.3995
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	9	3.3965	3.3946	3.3964	3.3933	3.3967	3.3927	3.3945	3.3956	3.3932	3.3954	3.3965	3.3957
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	10	3.3963	3.3923	3.3931	3.3979	3.3958	3.3944	3.3941	3.3953	3.3975	3.3961	3.3931	3.3941
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	11	3.397	3.3949	3.3971	3.3905	3.3938	3.3965	3.3942	3.3954	3.395	3.3931	3.3958	3.3963
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	12	3.3927	3.3963	3.3949	3.3949	3.3951	3.3935	3.3957	3.398	3.3955	3.3989	3.3966	3.3991
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	13	3.3996	3.3932	3.3947	3.3967	3.392	3.3931	3.3968	3.3968	3.3971	3.3955	3.394	3.3973
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	14	3.3958	3.396	3.3983	3.3957	3.3978	3.397	3.3973	3.3964	3.3944	3.3964	3.3988	3.394
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	15	3.3964	3.396	3.3973	3.3933	3.3943	3.3957	3.3931	3.3941	3.3977	3.3946	3.3938	3.3994
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	16	3.3939	3.3954	3.3937	3.3947	3.3972	3.3942	3.3937	3.3961	3.3938	3.3933	3.397	3.398
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	17	3.3956	3.3961	3.3942	3.3965	3.3924	3.3955	3.3954	3.3941	3.3924	3.3926	3.3939	3.3953
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	1	3.3937	3.3953	3.3959	3.3924	3.3965	3.3934	3.3932	3.3935	3.3944	3.3891	3.3916	3.3939
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	2	3.3957	3.3924	3.3933	3.3966	3.3957	3.3927	3.3933	3.3943	3.3913	3.3882	3.3939	3.3926
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	3	3.3924	3.3918	3.3914	3.3948	3.3924	3.3942	3.3915	3.3926	3.3949	3.3927	3.3924	3.3937
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	4	3.3935	3.3933	3.3929	3.3884	3.3917	3.3942	3.3937	3.395	3.3925	3.3965	3.393	3.3942
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	5	3.3949	3.3909	3.3912	3.3896	3.3903	3.3938	3.393	3.3884	3.3941	3.3923	3.3918	3.3917
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	6	3.3921	3.3946	3.3938	3.3958	3.3938	3.3905	3.3912	3.3956	3.3932	3.3944	3.3928	3.3953
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	7	3.3927	3.3908	3.3916	3.3983	3.3943	3.3943	3.3932	3.3904	3.3943	3.3928	3.3913	3.3942
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	8	3.3939	3.3934	3.3937	3.3929	3.3937	3.3953	3.3907	3.3949	3.3929	3.3912	3.3943	3.395
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	9	3.3926	3.3919	3.395	3.3941	3.3933	3.3906	3.3956	3.3946	3.3927	3.3907	3.3935	3.3952
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	10	3.3944	3.3941	3.3878	3.3945	3.394	3.3925	3.3947	3.3962	3.3948	3.3925	3.3928	3.3906
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	11	3.3895	3.394	3.3967	3.3907	3.3895	3.3949	3.3939	3.3911	3.3905	3.3925	3.3936	3.3892
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	12	3.3908	3.3921	3.3911	3.3946	3.3933	3.394	3.3905	3.3959	3.3938	3.3917	3.3931	3.392
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	13	3.3961	3.3928	3.3929	3.3934	3.3913	3.3947	3.394	3.3941	3.3911	3.3906	3.3928	3.3923
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	14	3.3907	3.3918	3.3933	3.3943	3.3916	3.395	3.3925	3.393	3.3903	3.3918	3.3926	3.3916
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	15	3.3921	3.3911	3.3952	3.3911	3.3918	3.3924	3.392	3.3927	3.3917	3.3908	3.3937	3.3919
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	16	3.3896	3.3915	3.3905	3.3933	3.3927	3.396	3.3872	3.3928	3.3909	3.3911	3.3925	3.3915
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	17	3.3921	3.3922	3.3921	3.3945	3.3908	3.3948	3.3915	3.393	3.3912	3.3938	3.3929	3.3912
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	1	3.3977	3.3983	3.3995	3.3954	3.3929	3.3963	3.3995	3.3942	3.3977	3.3937	3.395	3.3955
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	2	3.3967	3.397	3.3976	3.3963	3.3934	3.3942	3.3963	3.3964	3.4008	3.3943	3.3904	3.3956
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	3	3.3949	3.3945	3.3954	3.3963	3.3946	3.3984	3.3952	3.3947	3.3936	3.3957	3.393	3.3942
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	4	3.3946	3.3958	3.3925	3.3959	3.3946	3.3958	3.3959	3.3947	3.3964	3.3958	3.3965	3.3904
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	5	3.3939	3.3958	3.3956	3.399	3.3959	3.3954	3.3987	3.397	3.3953	3.3984	3.3971	3.3949
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	6	3.3985	3.3935	3.3992	3.3984	3.3941	3.3935	3.3976	3.3967	3.3943	3.3931	3.3979	3.3948
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	7	3.3946	3.3966	3.394	3.3939	3.3969	3.3951	3.393	3.3943	3.3994	3.3952	3.3976	3.3955
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	8	3.3972	3.3941	3.3975	3.3918	3.3991	3.392	3.396	3.3939	3.3939	3.3955	3.3927	3.3947
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	9	3.3973	3.3941	3.3977	3.3978	3.3977	3.3953	3.3962	3.3949	3.3949	3.3921	3.3944	3.3938
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	10	3.3946	3.3961	3.3999	3.3944	3.3956	3.3963	3.3945	3.3967	3.3995	3.3932	3.3974	3.3979
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	11	3.3979	3.3997	3.3937	3.3955	3.3977	3.3925	3.3935	3.3933	3.3947	3.3964	3.3959	3.3981
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	12	3.3985	3.3972	3.3976	3.3911	3.3974	3.3986	3.3947	3.3969	3.395	3.3956	3.3955	3.398
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	13	3.3964	3.3984	3.3951	3.3934	3.3943	3.3931	3.397	3.3958	3.3981	3.3968	3.3964	3.3982
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	14	3.3974	3.3982	3.3973	3.3962	3.3952	3.3984	3.3949	3.3977	3.3974	3.3944	3.3959	3.3977
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	15	3.3969	3.398	3.395	3.3936	3.3945	3.3954	3.3984	3.3929	3.3902	3.394	3.397	3.394
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	16	3.3974	3.3959	3.3953	3.3936	3.3963	3.3966	3.3957	3.3987	3.3924	3.3922	3.3952	3.3957
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	17	3.3951	3.3977	3.3959	3.396	3.3931	3.3963	3.3943	3.3962	3.3955	3.3974	3.3948	3.395
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	1	3.3868	3.3932	3.3897	3.3923	3.3886	3.3889	3.3926	3.3873	3.3907	3.3901	3.3909	3.3897
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	2	3.3865	3.3878	3.386	3.389	3.3885	3.3927	3.3888	3.3912	3.3888	3.3934	3.392	3.389
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	3	3.3872	3.3879	3.3908	3.3916	3.3899	3.388	3.3893	3.3902	3.3899	3.3906	3.3907	3.3894
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	4	3.3888	3.3919	3.3881	3.3886	3.3928	3.3919	3.3885	3.3865	3.3903	3.3898	3.391	3.391
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	5	3.3886	3.3867	3.3923	3.3905	3.3904	3.39	3.3903	3.3875	3.3896	3.3901	3.3928	3.3922
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	6	3.3914	3.3869	3.3904	3.3916	3.3892	3.3912	3.3886	3.3913	3.3896	3.3886	3.3878	3.3885
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	7	3.3861	3.3935	3.3904	3.3899	3.3889	3.3858	3.3888	3.39	3.3905	3.3923	3.3911	3.388
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	8	3.3923	3.3878	3.3851	3.3918	3.388	3.3912	3.3913	3.3912	3.3924	3.3913	3.3881	3.3916
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	9	3.39	3.3926	3.3909	3.391	3.3887	3.3885	3.3891	3.3889	3.3905	3.3898	3.3915	3.3923
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	10	3.3911	3.389	3.3897	3.3917	3.3871	3.389	3.3897	3.3912	3.3913	3.3892	3.3874	3.3918
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	11	3.393	3.3913	3.3919	3.3891	3.3864	3.3921	3.3878	3.3886	3.3884	3.3885	3.3903	3.386
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	12	3.3878	3.3889	3.3911	3.3922	3.391	3.3932	3.391	3.3896	3.3921	3.3887	3.3922	3.3891
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	13	3.3898	3.3925	3.3887	3.388	3.3912	3.3919	3.3895	3.3911	3.3901	3.3893	3.392	3.3914
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	14	3.3897	3.3916	3.3903	3.3895	3.3865	3.3898	3.3877	3.3878	3.3901	3.3885	3.3888	3.388
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	15	3.3878	3.3929	3.3898	3.3899	3.3868	3.3905	3.3857	3.3895	3.3895	3.392	3.3911	3.3864
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	16	3.3915	3.3885	3.3877	3.3887	3.3934	3.3885	3.3888	3.3881	3.389	3.3892	3.3889	3.3882
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	17	3.3875	3.3879	3.3874	3.3887	3.3909	3.3898	3.3906	3.3893	3.3887	3.3893	3.3933	3.3909
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	1	3.3944	3.3968	3.3959	3.392	3.3974	3.3951	3.3924	3.3925	3.3927	3.3917	3.3942	3.3912
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	2	3.3949	3.3906	3.3946	3.3949	3.392	3.3893	3.3964	3.3941	3.393	3.3909	3.3928	3.394
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	3	3.3941	3.3938	3.393	3.3964	3.3967	3.3975	3.3964	3.3954	3.3921	3.3959	3.3934	3.3917
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	4	3.3952	3.3937	3.3942	3.394	3.3963	3.3963	3.3945	3.392	3.3934	3.3943	3.3929	3.3949
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	5	3.3958	3.3951	3.3942	3.3901	3.394	3.3932	3.3928	3.394	3.3969	3.3948	3.3942	3.3918
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	6	3.3932	3.3937	3.3916	3.3962	3.3929	3.3929	3.3948	3.3915	3.3935	3.3942	3.3951	3.3962
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	7	3.3958	3.3935	3.3933	3.3957	3.3946	3.394	3.3916	3.3953	3.3932	3.3936	3.3912	3.3925
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	8	3.3954	3.3964	3.396	3.3944	3.3961	3.3941	3.3942	3.395	3.3967	3.3961	3.3985	3.3935
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	9	3.3936	3.396	3.3944	3.3949	3.3949	3.3918	3.3925	3.3963	3.3928	3.3958	3.3941	3.397
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	10	3.3933	3.3929	3.3898	3.3933	3.3935	3.3988	3.3933	3.3951	3.3925	3.3939	3.3915	3.3956
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	11	3.3932	3.3931	3.3934	3.3945	3.3947	3.3937	3.3943	3.394	3.3934	3.391	3.3947	3.3954
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	12	3.3955	3.395	3.3956	3.3941	3.3931	3.3922	3.394	3.3932	3.3936	3.3941	3.3935	3.3918
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	13	3.3933	3.3945	3.395	3.3938	3.3939	3.3943	3.3967	3.3929	3.3976	3.3927	3.3947	3.3927
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	14	3.3905	3.3962	3.3948	3.3963	3.3949	3.395	3.3993	3.3955	3.3922	3.3946	3.3952	3.3926
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	15	3.3967	3.3967	3.3942	3.3972	3.392	3.3949	3.3924	3.3942	3.3922	3.3956	3.3907	3.3952
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	16	3.3936	3.3953	3.3923	3.3933	3.3907	3.3943	3.3928	3.3954	3.397	3.394	3.3932	3.3919
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	17	3.3916	3.3941	3.3979	3.3948	3.3939	3.3956	3.3957	3.3948	3.3923	3.3952	3.3919	3.3918
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	1	3.3939	3.3937	3.3933	3.3906	3.3925	3.392	3.3935	3.3947	3.3955	3.3921	3.3954	3.3928
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	2	3.3973	3.3943	3.3945	3.3915	3.3985	3.3944	3.3942	3.3912	3.3988	3.3916	3.3906	3.3954
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	3	3.3953	3.3955	3.3912	3.3932	3.3976	3.3904	3.3927	3.3923	3.3958	3.3962	3.3912	3.3926
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	4	3.3942	3.3929	3.3886	3.3933	3.3944	3.3953	3.3948	3.3922	3.3935	3.3939	3.3895	3.3929
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	5	3.3923	3.391	3.391	3.3962	3.3963	3.3938	3.3914	3.3948	3.3945	3.3967	3.3955	3.3948
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	6	3.3927	3.3896	3.3936	3.3934	3.3902	3.3956	3.3935	3.3933	3.3937	3.3939	3.3926	3.3948
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	7	3.3956	3.3949	3.3933	3.3943	3.3922	3.3945	3.3936	3.3921	3.3927	3.3948	3.3933	3.3914
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	8	3.3917	3.3903	3.3937	3.3946	3.3926	3.3953	3.3934	3.3922	3.3919	3.3923	3.3933	3.3948
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	9	3.3908	3.392	3.3951	3.3971	3.3959	3.3936	3.3947	3.3932	3.3929	3.3923	3.3934	3.393
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	10	3.3947	3.3923	3.3944	3.3934	3.3936	3.3929	3.3937	3.3951	3.3924	3.3922	3.39	3.3944
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	11	3.3929	3.3886	3.3947	3.3953	3.3931	3.3909	3.3929	3.3937	3.3913	3.3947	3.3934	3.3925
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	12	3.3961	3.3944	3.3909	3.3923	3.3953	3.3912	3.3938	3.3964	3.3926	3.3947	3.3949	3.3916
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	13	3.3944	3.396	3.3944	3.3956	3.3947	3.3951	3.3928	3.3935	3.3927	3.3941	3.394	3.3952
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	14	3.3951	3.3926	3.3918	3.3918	3.391	3.3947	3.3944	3.3924	3.3931	3.3942	3.3958	3.3926
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	15	3.3913	3.393	3.3898	3.3939	3.3913	3.3948	3.3937	3.3925	3.3964	3.3884	3.3962	3.3923
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	16	3.3945	3.3942	3.3922	3.3961	3.392	3.3913	3.3911	3.3955	3.3936	3.3953	3.3922	3.3951
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	17	3.391	3.3937	3.3939	3.3953	3.3926	3.3926	3.3917	3.3932	3.3919	3.3923	3.3937	3.3918
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	1	3.3919	3.3935	3.3915	3.392	3.3905	3.3927	3.3966	3.3915	3.3916	3.3927	3.3925	3.3893
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	2	3.3943	3.3958	3.3935	3.3931	3.3924	3.3943	3.3913	3.3927	3.3917	3.3908	3.3939	3.3906
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	3	3.3943	3.3897	3.3933	3.392	3.3958	3.3934	3.3916	3.3944	3.3929	3.3955	3.3909	3.3938
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	4	3.3946	3.3938	3.3908	3.3924	3.3898	3.393	3.3936	3.3908	3.3932	3.3921	3.3913	3.3935
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	5	3.3931	3.3945	3.3957	3.3943	3.3918	3.3922	3.3904	3.3915	3.39	3.392	3.3935	3.3929
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	6	3.3916	3.3903	3.3924	3.3921	3.3945	3.3943	3.3922	3.3944	3.3911	3.3943	3.391	3.3911
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	7	3.3948	3.3898	3.3922	3.3941	3.3921	3.3915	3.3953	3.3964	3.3941	3.3928	3.3968	3.3919
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	8	3.3918	3.39	3.3914	3.3921	3.3906	3.3926	3.3922	3.3924	3.3926	3.3936	3.391	3.392
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	9	3.393	3.3936	3.3936	3.3919	3.3927	3.3901	3.3898	3.3903	3.3933	3.3887	3.3923	3.3935
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	10	3.3889	3.3913	3.3934	3.3954	3.3901	3.394	3.3912	3.3927	3.3904	3.3913	3.3903	3.3964
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	11	3.3908	3.3935	3.3931	3.3914	3.3902	3.3904	3.3946	3.3958	3.3893	3.3941	3.393	3.3925
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	12	3.3931	3.395	3.3927	3.3936	3.3908	3.392	3.3957	3.3946	3.3942	3.3939	3.3918	3.3931
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	13	3.391	3.3894	3.3899	3.3919	3.3926	3.3909	3.3932	3.3921	3.3912	3.3942	3.3927	3.3918
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	14	3.3937	3.3916	3.3952	3.3883	3.3947	3.3949	3.393	3.3908	3.3888	3.3939	3.3929	3.3927
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	15	3.3952	3.3925	3.392	3.3929	3.3924	3.3934	3.3919	3.391	3.3908	3.3928	3.3916	3.3927
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	16	3.3903	3.3974	3.3945	3.3926	3.3926	3.3923	3.3942	3.3922	3.3919	3.3932	3.3934	3.3952
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	17	3.396	3.3917	3.389	3.3935	3.39	3.3921	3.3914	3.3909	3.3918	3.3904	3.3949	3.3962
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	1	3.392	3.388	3.3919	3.3916	3.3886	3.393	3.3889	3.3898	3.3901	3.3927	3.3891	3.3897
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	2	3.387	3.3887	3.3927	3.3892	3.3922	3.3916	3.3853	3.3918	3.3938	3.3886	3.3898	3.389
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	3	3.3926	3.3877	3.3925	3.3893	3.392	3.391	3.3902	3.3917	3.389	3.3881	3.3933	3.3903
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	4	3.3898	3.3875	3.3914	3.3946	3.39	3.3868	3.3895	3.3899	3.3919	3.3892	3.3906	3.3913
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	5	3.3928	3.3952	3.3874	3.392	3.3877	3.3921	3.3884	3.3885	3.3902	3.3925	3.3916	3.3871
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	6	3.3885	3.3899	3.3903	3.3907	3.3915	3.3909	3.3877	3.3902	3.3894	3.3883	3.3908	3.3935
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	7	3.3893	3.3903	3.3889	3.3916	3.391	3.3919	3.3899	3.3914	3.3916	3.3886	3.392	3.3934
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	8	3.3933	3.3921	3.3949	3.3887	3.3843	3.3913	3.3882	3.3922	3.3941	3.393	3.3898	3.3878
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	9	3.3915	3.388	3.3896	3.3899	3.3892	3.3912	3.3894	3.3888	3.3905	3.3883	3.3887	3.3902
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	10	3.3893	3.3965	3.3898	3.3915	3.3895	3.3887	3.39	3.3925	3.392	3.3867	3.3905	3.3908
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	11	3.3917	3.3886	3.3904	3.3919	3.3884	3.3894	3.3903	3.389	3.3903	3.3889	3.3919	3.3901
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	12	3.391	3.39	3.3923	3.3861	3.3894	3.3884	3.3926	3.3911	3.3928	3.3917	3.3938	3.3878
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	13	3.392	3.3923	3.3903	3.3908	3.3903	3.3908	3.391	3.3915	3.3919	3.3867	3.3849	3.3928
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	14	3.39	3.3877	3.3871	3.3908	3.3913	3.3866	3.3885	3.3929	3.3874	3.3907	3.3891	3.3921
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	15	3.3895	3.3925	3.3928	3.3915	3.3888	3.3909	3.3905	3.3875	3.3907	3.3894	3.3907	3.3916
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	16	3.3953	3.3895	3.3921	3.3886	3.3886	3.3878	3.3884	3.389	3.3861	3.3839	3.3891	3.3912
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	17	3.3917	3.3898	3.3884	3.391	3.3859	3.3909	3.3882	3.3904	3.3931	3.3886	3.3899	3.3905
\.


--
-- Data for Name: pcs; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.pcs ("time", site, device, quality, ai_vdc, ai_idc, ai_pdc, ai_freq, ai_vab_rms, ai_vbc_rms, ai_vca_rms, ai_ias_rms, ai_ibs_rms, ai_ics_rms, ai_sac, ai_pac, ai_qac, ai_pf, ai_c_kwh_ac, ai_d_kwh_ac, ai_c_kwh_dc, ai_d_kwh_dc, cmd_kw, cmd_kvar, cmd_vdc_ref, st_run, st_stop, st_ready, st_mode_l_r, st_mode_cv, st_fault, st_charge, st_discharge, di_dk, di_ak, di_ck, di_temp, di_spd, di_ds, di_start, di_es, flt_ovar, flt_uvar, flt_ofr, flt_ufr, flt_ocar, flt_ovdr, flt_uvdr, flt_ocdr, flt_cfd, flt_otr, flt_spd, flt_rvet, pcs_ac_l1_thd, pcs_ac_l2_thd, pcs_ac_l3_thd, system_temperature_max, dc_voltage_1, dc_voltage_2, dc_current, dc_power, ac_frequency, ac_voltage, ac_current, ac_power, ac_active_power, ac_reactive_power, ac_power_factor, ac_l1_voltage, ac_l1_current, ac_l2_voltage, ac_l2_current, ac_l3_voltage, ac_l3_current, ac_accumulated_discharge_energy, ac_accumulated_charge_energy, pcs_status_0, pcs_status_1, pcs_status_2, pcs_status_3, pcs_status_4, pcs_status_5, pcs_status_6, pcs_status_7, pcs_status_8, pcs_status_9, pcs_status_10, pcs_status_11, pcs_status_14, pcs_status_15, pcs_protection_1_0, pcs_protection_1_1, pcs_protection_1_2, pcs_protection_1_3, pcs_protection_1_4, pcs_protection_1_5, pcs_protection_1_6, pcs_protection_1_7, pcs_protection_1_8, pcs_protection_1_9, pcs_protection_1_10, pcs_protection_1_11, pcs_protection_1_12, pcs_protection_1_13, pcs_protection_1_14, pcs_protection_1_15, pcs_protection_2_0, pcs_protection_2_1, pcs_protection_2_2, pcs_protection_2_3, pcs_protection_2_4, pcs_protection_2_5, pcs_protection_2_6, pcs_protection_2_7, pcs_protection_2_8, pcs_protection_2_9, pcs_protection_2_10, pcs_protection_2_11, pcs_protection_2_12, pcs_protection_2_13, pcs_protection_2_14, pcs_protection_2_15, pcs_protection_3_0, pcs_protection_3_1, pcs_protection_3_2, pcs_protection_3_3, pcs_protection_3_4, pcs_protection_3_5, pcs_protection_3_6, pcs_protection_3_7, pcs_protection_3_8, pcs_protection_3_9, pcs_protection_3_10, pcs_control_0, set_power, set_soc_low_trip_level, set_soc_high_trip_level, set_vbat_low_trip_level, set_vbat_high_trip_level, reg_2000, reg_2001, reg_2002, reg_2003, reg_2004, reg_2005, reg_2006, reg_2007, reg_2008, reg_2009, reg_2010, reg_2011, reg_2012, reg_2013, reg_2014, reg_2015, reg_2016, reg_2017, reg_2018, reg_2019, reg_2020, reg_2021, reg_2022, reg_2023, reg_2024, reg_2025, reg_2026, reg_2027, reg_2028, reg_2029, reg_2030, reg_2031, reg_2032, reg_2033, reg_2034, reg_2035, reg_2036, reg_2037, reg_2038, reg_2039, reg_2040, reg_2041, reg_2042, reg_2043, reg_2044, reg_2045, reg_2046, reg_2047, reg_2048, reg_2049, reg_2050, reg_2051, reg_2052, reg_2053) FROM stdin;
2026-11-22 14:59:52+00	panri	gateway	0	814	0	0	60000	377	377	377	0	0	0	0	0	0	100	6683644	6227825	6516553	6387512	0	0	900	1	0	1	1	0	0	0	0	1	1	1	0	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:53+00	panri	gateway	0	814	0	0	60000	377	377	377	0	0	0	0	0	0	100	6683644	6227825	6516553	6387512	0	0	900	1	0	1	1	0	0	0	0	1	1	1	0	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:54+00	panri	gateway	0	814	0	0	60000	377	377	377	0	0	0	0	0	0	100	6683644	6227825	6516553	6387512	0	0	900	1	0	1	1	0	0	0	0	1	1	1	0	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:55+00	panri	gateway	0	-3091	5969	-20631	6489000	-2345	8754	22207	-9910	-27657	-24468	7721	-1485	20330	1504400	3669031675	2190598097	2428627817	1872000464	-32340	7376	-30996	28453	24708	-13359	-32593	-5855	-10885	22543	-1241	29585	-26460	-1450	-21658	23575	-17179	-2864	14051	7250	14886	30736	-24791	15444	-30184	-15566	31359	-15342	-30785	-28996	-14725	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:56+00	panri	gateway	0	814	0	0	60000	377	377	377	0	0	0	0	0	0	100	6683644	6227825	6516553	6387512	0	0	900	1	0	1	1	0	0	0	0	1	1	1	0	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:57+00	panri	gateway	0	814	0	0	60000	377	377	377	0	0	0	0	0	0	100	6683644	6227825	6516553	6387512	0	0	900	1	0	1	1	0	0	0	0	1	1	1	0	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:58+00	panri	gateway	0	814	0	0	60000	377	377	377	0	0	0	0	0	0	100	6683644	6227825	6516553	6387512	0	0	900	1	0	1	1	0	0	0	0	1	1	1	0	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-22 14:59:50+00	seokhwan	gateway	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	33	15.4	14.8	36.7	27.8	34.7	6.5	15.4	32.5	22.8	3.51	2.1	234	18.4	376	345	207	366	163	3.47	16.8	240	178	394	250	128	129	331	354	241	243	178	9	307	67	139	233	260	356	375	120	1	74	40	343	69	292	154	365	147	145	158	181	270
2026-11-22 14:59:55+00	seokhwan	gateway	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	33.1	15.4	14.8	36.7	27.9	34.7	6.5	15.4	32.6	22.8	3.51	2.1	234	18.4	376	345	207	366	163	3.46	16.8	240	178	395	250	128	129	331	355	241	243	178	9	307	67	139	233	261	356	376	120	1	74	40	343	69	292	154	364	147	145	158	181	270
2026-11-21 15:00:00+00	panri	gateway	0	814	0	0	60000	381	381	381	0	0	0	0	0	0	100	6680612	6224999	6513597	6384614	0	0	900	1	0	1	1	0	0	0	0	1	1	1	0	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
2026-11-21 15:00:00+00	seokhwan	gateway	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	33	15.4	14.8	36.7	27.9	34.7	6.5	15.4	32.5	22.8	3.51	2.1	234	18.4	376	345	207	366	163	3.46	16.8	240	178	395	250	128	129	331	355	241	243	178	9	307	67	139	233	261	355	376	120	1	74	40	343	69	292	154	365	147	145	158	181	270
\.


--
-- Data for Name: rack; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.rack ("time", site, device, quality, bank_id, rack_id, rack_soc, rack_soh, rack_voltage, rack_current, rack_max_cell_voltage, rack_max_cell_voltage_position, rack_min_cell_voltage, rack_min_cell_voltage_position, rack_cell_voltage_gap, rack_cell_voltage_average, rack_max_cell_temperature, rack_max_cell_temperature_position, rack_min_cell_temperature, rack_min_cell_temperature_position, rack_cell_temperature_gap, rack_cell_temperature_average, rack_max_module_temperature, rack_max_module_temperature_position, rack_min_module_temperature, rack_min_module_temperature_position, rack_max_module_humidity, rack_max_module_humidity_position, rack_min_module_humidity, rack_min_module_humidity_position, rack_discharge_relay_minus_status, rack_charge_relay_plus_status, rack_cell_balance_status, rack_current_sensor_discharge, rack_current_sensor_charge, rack_status_for_run, rack_status_for_fault, rack_status_for_warning, rack_status_for_online, rack_temperature_imbalance_warning, rack_under_temperature_warning, rack_over_temperature_warning, rack_voltage_imbalance_warning, rack_under_voltage_protection_warning, rack_over_voltage_protection_warning, rack_over_current_charge_warning, rack_over_current_discharge_warning, rack_tray_voltage_imbalance_warning, rack_temperature_imbalance_fault, rack_under_temperature_fault, rack_over_temperature_fault, rack_voltage_imbalance_fault, rack_under_voltage_protection_fault, rack_over_voltage_protection_fault, rack_over_current_charge_fault, rack_over_current_discharge_fault, rack_charge_relay_plus_fault_status, rack_discharge_relay_minus_fault_status, rack_fuse_minus_fault_status, rack_fuse_plus_fault_status, rack_tray_rack_communication_fault, rack_module_faults) FROM stdin;
2026-11-22 14:59:52+00	panri	gateway	0	1	1	5.7	96.6	813.5	0	3.395	13	3.383	142	0.012	3.389	28.7	16	24.9	9	3.8	\N	24.4	8	21.9	14	42.7	2	35.7	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	2	6.1	96	814.9	0	3.401	212	3.39	158	0.011	3.396	27.9	16	24.6	15	3.3	\N	23.7	15	21.4	2	42.3	1	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	3	6.3	97.1	815.6	0	3.403	121	3.393	123	0.01	3.398	29	8	25.4	7	3.6	\N	25.2	16	21.2	9	40.8	5	34.6	11	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	4	5.9	96.7	814.2	0	3.396	86	3.387	37	0.009	3.393	28.5	12	25	8	3.5	\N	24.6	12	21.8	5	40.9	3	35.4	6	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	5	6.3	96	815.5	0	3.403	191	3.394	46	0.009	3.398	28.9	15	26.1	17	2.8	\N	24.4	3	21.2	18	41.8	20	35.8	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	6	6.3	96.2	815.6	0	3.403	13	3.393	170	0.01	3.398	30.5	16	27.5	1	3	\N	26.8	6	22.7	12	40.6	3	33.5	8	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	7	5.8	96.7	813.6	0	3.395	210	3.386	116	0.009	3.39	29.4	14	26.2	5	3.2	\N	25.2	12	21.9	15	40.2	1	34.6	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	8	6.1	96	814.8	0	3.401	30	3.389	110	0.012	3.395	30.2	9	25.3	5	4.9	\N	25.2	14	22.6	1	39.1	15	35.4	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	1	9	5.9	96.2	814	0	3.396	208	3.387	42	0.009	3.392	28.7	20	25.7	1	3	\N	25.4	14	22	3	39	13	35	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	1	5.8	97	813.8	0	3.395	52	3.385	227	0.01	3.391	28.3	6	23.7	12	4.6	\N	24.4	18	21.7	9	40.6	20	35.7	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	2	5.9	96.6	814.2	0	3.398	91	3.388	115	0.01	3.393	29.6	4	25.7	7	3.9	\N	25.7	8	22.2	11	39.7	20	36	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	3	6.1	96.4	814.8	0	3.4	174	3.39	151	0.01	3.395	29.7	16	25.8	8	3.9	\N	25.3	5	23.2	14	40.4	15	35.1	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	4	5.8	96.6	813.8	0	3.396	51	3.386	207	0.01	3.391	29.9	16	26.2	12	3.7	\N	24.8	9	22	3	41.1	19	33.9	3	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	5	6.2	96.6	815.1	0	3.4	27	3.392	26	0.008	3.396	30	10	25.5	2	4.5	\N	24.9	5	22.5	1	40.6	10	35.8	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	6	5.7	96.6	813.5	0	3.396	190	3.385	33	0.011	3.39	27	8	23.5	20	3.5	\N	24.1	6	20.8	13	41.8	17	36.2	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	7	5.5	96.8	812.8	0	3.391	198	3.382	80	0.009	3.387	29.6	15	26.1	14	3.5	\N	25.2	19	22.3	16	41.3	3	33.9	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:52+00	panri	gateway	0	2	8	5.9	96.2	814.3	0	3.398	112	3.388	201	0.01	3.393	27.9	20	25	16	2.9	\N	25.2	14	21	9	42.3	11	35.2	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	1	5.7	96.6	813.5	0	3.395	13	3.383	142	0.012	3.389	28.7	16	24.9	9	3.8	\N	24.4	8	21.9	14	42.7	2	35.7	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	2	6.1	96	814.9	0	3.401	212	3.39	56	0.011	3.396	27.9	16	24.6	15	3.3	\N	23.7	15	21.4	2	42.3	1	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	3	6.3	97.1	815.6	0	3.403	121	3.393	83	0.01	3.398	29	8	25.4	7	3.6	\N	25.2	16	21.2	9	40.8	5	34.6	11	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	4	5.9	96.7	814.2	0	3.396	66	3.387	37	0.009	3.393	28.5	12	25	8	3.5	\N	24.6	12	21.8	5	40.9	3	35.4	6	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	5	6.3	96	815.5	0	3.404	191	3.393	46	0.011	3.398	28.9	15	26.1	17	2.8	\N	24.4	3	21.2	18	41.8	20	35.8	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	6	6.3	96.2	815.6	0	3.404	9	3.393	170	0.011	3.398	30.5	16	27.5	1	3	\N	26.8	6	22.7	12	40.6	3	33.5	8	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	7	5.8	96.7	813.6	0	3.395	210	3.386	179	0.009	3.39	29.4	14	26.2	5	3.2	\N	25.2	12	21.9	15	40.2	1	34.6	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	8	6.1	96	814.8	0	3.401	30	3.389	110	0.012	3.395	30.2	9	25.3	5	4.9	\N	25.2	14	22.6	1	39.1	15	35.4	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	1	9	5.9	96.2	814	0	3.396	136	3.387	42	0.009	3.392	28.7	20	25.7	1	3	\N	25.4	14	22	3	39	13	35	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	1	5.8	97	813.8	0	3.395	27	3.385	227	0.01	3.391	28.3	6	23.7	12	4.6	\N	24.4	18	21.7	9	40.6	20	35.7	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	2	5.9	96.6	814.2	0	3.398	91	3.388	83	0.01	3.393	29.6	4	25.7	7	3.9	\N	25.7	8	22.2	11	39.7	20	36	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	3	6.1	96.4	814.8	0	3.4	122	3.39	151	0.01	3.395	29.7	16	25.8	8	3.9	\N	25.3	5	23.2	14	40.4	15	35.1	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	4	5.8	96.6	813.8	0	3.396	42	3.387	207	0.009	3.391	29.9	16	26.2	12	3.7	\N	24.8	9	22	3	41.1	19	33.9	3	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	5	6.2	96.6	815.1	0	3.401	27	3.392	26	0.009	3.396	30	10	25.5	2	4.5	\N	24.9	5	22.5	1	40.6	10	35.8	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	6	5.7	96.6	813.6	0	3.396	190	3.386	33	0.01	3.39	27	8	23.5	20	3.5	\N	24.1	6	20.8	13	41.8	17	36.2	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	7	5.5	96.8	812.8	0	3.391	198	3.382	110	0.009	3.387	29.6	15	26.1	14	3.5	\N	25.2	19	22.3	16	41.3	3	33.9	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:53+00	panri	gateway	0	2	8	5.9	96.2	814.3	0	3.398	112	3.388	201	0.01	3.393	27.9	20	25	16	2.9	\N	25.2	14	21	9	42.3	11	35.2	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	1	5.7	96.6	813.5	0	3.395	13	3.383	142	0.012	3.389	28.7	16	24.9	9	3.8	\N	24.4	8	21.9	14	42.7	2	35.7	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	2	6.1	96	814.9	0	3.401	212	3.39	56	0.011	3.396	27.9	16	24.6	15	3.3	\N	23.7	15	21.4	2	42.3	1	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	3	6.3	97.1	815.6	0	3.404	121	3.393	123	0.011	3.398	29	8	25.4	7	3.6	\N	25.2	16	21.2	9	40.8	5	34.6	11	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	4	5.9	96.7	814.2	0	3.396	138	3.387	37	0.009	3.393	28.5	12	25	8	3.5	\N	24.6	12	21.8	5	40.9	3	35.4	6	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	5	6.3	96	815.5	0	3.404	191	3.393	46	0.011	3.398	28.9	15	26.1	17	2.8	\N	24.4	3	21.2	18	41.8	20	35.8	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	6	6.3	96.2	815.6	0	3.403	13	3.393	170	0.01	3.398	30.5	16	27.5	1	3	\N	26.8	6	22.7	12	40.6	3	33.5	8	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	7	5.8	96.7	813.6	0	3.395	200	3.386	116	0.009	3.39	29.4	14	26.2	5	3.2	\N	25.2	12	21.9	15	40.2	1	34.6	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	8	6.1	96	814.8	0	3.401	30	3.39	110	0.011	3.395	30.2	9	25.3	5	4.9	\N	25.2	14	22.6	1	39.1	15	35.4	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	1	9	5.9	96.2	814	0	3.396	208	3.387	127	0.009	3.392	28.7	20	25.7	1	3	\N	25.4	14	22	3	39	13	35	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	1	5.8	97	813.8	0	3.395	186	3.386	227	0.009	3.391	28.3	6	23.7	12	4.6	\N	24.4	18	21.7	9	40.6	20	35.7	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	2	5.9	96.6	814.2	0	3.398	91	3.388	115	0.01	3.393	29.6	4	25.7	7	3.9	\N	25.7	8	22.2	11	39.7	20	36	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	3	6.1	96.4	814.8	0	3.4	122	3.39	151	0.01	3.395	29.7	16	25.8	8	3.9	\N	25.3	5	23.2	14	40.4	15	35.1	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	4	5.8	96.6	813.8	0	3.396	51	3.387	164	0.009	3.391	29.9	16	26.2	12	3.7	\N	24.8	9	22	3	41.1	19	33.9	3	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	5	6.2	96.6	815.1	0	3.401	27	3.392	26	0.009	3.396	30	10	25.5	2	4.5	\N	24.9	5	22.5	1	40.6	10	35.8	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	6	5.7	96.6	813.5	0	3.395	190	3.385	33	0.01	3.39	27	8	23.5	20	3.5	\N	24.1	6	20.8	13	41.8	17	36.2	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	7	5.5	96.8	812.8	0	3.391	34	3.382	80	0.009	3.387	29.6	15	26.1	14	3.5	\N	25.2	19	22.3	16	41.3	3	33.9	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:54+00	panri	gateway	0	2	8	5.9	96.2	814.3	0	3.398	112	3.388	201	0.01	3.393	27.9	20	25	16	2.9	\N	25.2	14	21	9	42.3	11	35.2	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	panri	gateway	0	1	1	-2595.8	-2494.2	2341.7	-2298.8	12.192	-584	-19.82	-9857	-14.832	15.762	220.3	9722	2406.7	-24750	-2229.6	\N	-2217.7	25814	2268.4	8056	1741.4	25922	-506.4	141	30868	19901	-25776	-19921	8709	-21661	25440	495	-23395	25604	-10602	27797	-10591	4833	7458	-19345	24847	29237	12194	21101	-26208	-25217	6997	15408	23671	-31311	22618	-17310	-6739	-13389	-10518	{14204,16986,25473,-8549,433,-1356,5271,26439,-22576,-4164,31759,20605,4544,-21243,-27544,-7786,3318,-32497,21110,28916}
2026-11-22 14:59:55+00	panri	gateway	0	1	2	1308.5	-70.9	1002	568.1	30.356	-7426	-31.229	-26697	29.744	25.464	-1913.3	32138	3003.8	8918	-1033.6	\N	-1931.6	-20408	-346.3	-32100	-2191.5	11000	-2620.5	-7695	-9558	4013	-4402	28677	-12751	-25610	5526	-32418	-19572	18752	24473	-15712	13791	-12172	-19603	29516	3928	-18025	-6162	-1895	5423	-4783	-9354	27437	14377	11357	-2488	27695	10543	2896	5455	{5058,-33,-32674,-11531,1496,-16986,31384,-22145,-25021,21574,-6324,20894,-29495,-26220,-29344,-28961,-10214,-11339,-19515,19582}
2026-11-22 14:59:55+00	panri	gateway	0	1	3	2761.2	1786.8	-2914.6	-3117.1	24.379	32570	-31.07	17593	-12.25	-31.689	1455.8	-19315	100.5	12340	-421.9	\N	-2844.4	-11677	-2619.4	-15683	503.2	-8189	2268.7	-7765	9424	-8370	-7162	-10497	-21512	27364	-17775	-19427	2479	19279	13500	-8502	-23519	3137	23887	-9805	128	29757	-1992	-24216	23207	-1194	-14643	9719	-2748	-31456	6973	-11569	-5805	19731	-1745	{-19309,-27219,8580,27503,-6609,18598,-6278,-19278,-23435,-10728,5452,4634,-30706,-13927,-15012,27730,-4498,-1038,993,28757}
2026-11-22 14:59:55+00	panri	gateway	0	1	4	1609	-185	2082.9	2561.6	9.327	-12760	-28.064	7106	8.839	7.925	2721.3	21143	-1172	-3062	-2460.8	\N	801.3	-9961	-1951.3	-12702	-408.9	17284	-1079.8	24625	-19190	-14164	1230	25301	2876	30265	3071	15472	14786	19663	-20902	1243	13524	-4107	15414	22059	-27010	30484	18084	12886	-19126	-1859	2465	30118	4132	-12233	25777	-30494	-14141	-32111	-10386	{31603,-23288,17989,-21140,-25799,26953,31177,-22895,-3042,12097,-20984,4013,-27257,-13049,9461,-21116,-10192,-11502,-21168,-6157}
2026-11-22 14:59:55+00	panri	gateway	0	1	5	-2768.3	1957.7	-172.4	-2711.5	1.657	6017	16.792	8408	1.208	20.322	-2869.3	14560	-156.8	-4528	1494.7	\N	-3041.6	-11850	2880	-15927	2409.5	-12821	-931.8	19309	-30514	5256	4566	21347	-22826	-10393	10387	12163	-210	-27072	7645	-27952	20807	19565	4439	-4509	-22834	21068	-2861	512	22180	-13426	-6891	-4375	26318	25483	-29538	11124	25688	-6603	-5994	{-20402,13089,-639,-10133,-6972,-17334,-8524,-19068,-2424,15051,-2106,-26663,7089,27461,14577,-2186,-32340,-21928,-876,22946}
2026-11-22 14:59:55+00	panri	gateway	0	1	6	2133	726.9	-1959.4	2629.8	29.019	2253	1.114	-20333	29.359	-11.663	277.7	-12554	-3056.4	-32017	-2468	\N	2230.6	-8857	-54.4	17330	-2806.7	7364	-356	-8227	-4268	-17814	-19822	22346	-15073	30315	5689	32401	3697	-10648	-23443	6409	-12224	-21013	-11834	-13463	-13447	-4313	-10218	5939	-7293	12545	31942	13178	11008	31473	24400	8661	13377	18145	22445	{26271,-29089,-22788,27797,-26494,-27978,12655,-14541,4751,2755,15859,-3400,23292,-10089,26861,17476,-24905,20976,-9672,-31232}
2026-11-22 14:59:55+00	panri	gateway	0	1	7	1204.1	-106.2	-1276.6	-289.9	-20.354	-9100	-29.641	-16882	2.882	-14.156	1074.3	-7452	273.2	-13747	-2241.7	\N	1734.3	27335	-2431.5	27808	2331.2	-3878	-2891.5	4173	17928	-27496	-9538	6760	-6028	28642	12758	-18294	-8768	28039	-18007	-22561	32191	20266	-8572	-10200	-24586	19365	-439	19066	14987	24647	20567	1958	-15389	-15301	15162	-11955	-29220	10721	27665	{13990,-23333,11669,-19562,1051,-28168,-31600,31049,12820,-18402,10428,26831,-14138,-26306,27431,-30197,-21190,-248,3568,21223}
2026-11-22 14:59:55+00	panri	gateway	0	1	8	-2985.3	-1218.1	426.9	-959.9	-23.103	24277	-31.455	-14238	31.527	-3.182	134.9	-10919	-973.4	-17784	-1935	\N	-1444.3	23524	2212	-27514	-2826.7	1198	3205.9	28868	351	-28979	-14416	-26959	30450	9603	-28481	-32276	-2605	-12750	-1428	-31259	-17153	12514	7447	20966	-20210	3438	-1225	-19565	-19546	-24052	6000	23811	19187	9595	478	-13378	-30295	-4834	-641	{-981,-17697,-12160,-3466,-15028,-13279,12861,8335,-19543,-5488,5125,-20468,25734,-9577,30857,-19316,-5271,1426,-24307,8470}
2026-11-22 14:59:55+00	panri	gateway	0	1	9	3120.7	1925.9	1391	-2780.7	-26.962	18261	28.138	2401	-12.307	12.617	2202.3	20497	1583.5	27515	-2629.7	\N	2163.1	-19971	255.2	5787	1141.3	-10069	193.9	4274	26096	20972	-16407	15814	-18788	-10226	5149	22499	25175	-13163	6688	-6608	-24000	-18084	-11016	4623	-26916	32694	32138	29853	10618	20693	-15921	27253	18120	16594	-19185	7499	4698	-25714	-31176	{-22667,-31694,-28448,18719,6393,-8824,-3785,15587,1156,6865,-25452,-31714,4727,-9685,6919,19773,-14334,-21558,13327,5446}
2026-11-22 14:59:55+00	panri	gateway	0	2	1	-2588.1	-2056.2	2753.8	-2917.7	-20.079	16566	-23.526	20406	-17.226	-10.348	-1237.7	31049	312.6	31925	272.2	\N	-1555.1	-6956	-325.5	-3332	1485.2	-11374	1092.5	24388	3085	-19719	3961	-16707	-18606	-372	-14138	23157	-13103	6024	30208	-23342	26075	-7278	2318	-27011	30406	-8676	31264	20933	-11765	21633	-6369	13280	-16116	-31039	-31983	9889	-26245	10867	-31239	{8554,29448,19498,-16934,-2876,29878,14716,3094,24973,-3709,-12305,-30080,-1003,28797,-26477,-8624,-10783,13096,17485,-30640}
2026-11-22 14:59:55+00	panri	gateway	0	2	2	-461.6	-351.2	971.8	-969.7	-15.629	15888	-7.567	25723	-29.447	-25.638	1937.2	-31325	2353.3	25597	-3194.2	\N	-1446.9	14623	-2225	-10845	546.4	-19504	-312.4	9596	4059	24338	-12772	-4519	23193	-15518	31009	-25435	-465	-16541	1607	11414	177	-9651	-11609	24412	-24453	-11709	-4673	-5584	10767	-4100	2479	10836	-16318	-16531	-12440	-20961	8462	-21728	-14350	{13966,20134,-7168,1173,20151,23581,6585,840,22369,-23731,-26421,14952,29716,24445,5521,1499,-19155,22663,-246,11500}
2026-11-22 14:59:55+00	panri	gateway	0	2	3	334.5	-1689	522.5	693.6	-22.299	20367	-26.586	28911	9.733	-2.188	1543.5	-29655	2289.3	-26997	-1234.8	\N	-1040.2	19050	-776.8	28127	290.8	28958	1613.8	20491	-29089	-27864	-1931	23358	-17254	2860	30886	-29209	22984	4400	-27510	-22778	22881	-9927	-606	-22047	6349	9431	7691	-26596	30879	-22762	-2846	4331	31854	423	-27379	12781	22111	19760	-24416	{-24886,895,-201,-27966,-20996,-4173,-10120,-24496,28108,-22933,21796,18163,271,-19791,31294,5483,-15206,-1675,14782,-27132}
2026-11-22 14:59:55+00	panri	gateway	0	2	4	-1650.7	-803.8	-435.2	2114.9	8.059	-1342	14.644	-32501	11.216	-18.592	325.5	-5193	-1723.5	7318	1546.5	\N	-1809.2	-25191	116.5	-27646	-3177.5	7035	23.6	-7183	31431	-17090	-12959	-1737	-28765	11401	2731	9285	-3174	-2383	3538	919	-9183	21266	-19352	-25907	-1410	-14996	24822	29753	23766	1133	-23640	24353	-18943	13025	15922	12551	-31381	-16913	-15304	{22611,2793,-12961,-30714,1272,-14651,-9755,23181,8079,-32377,31178,2133,-12322,-6091,7747,10857,5919,-7146,-11658,-2756}
2026-11-22 14:59:55+00	panri	gateway	0	2	5	281.1	1775.6	2899.9	-1248.6	25.473	16210	26.428	16456	-24.833	15.395	1434.5	30601	1799.9	13569	-972.7	\N	1468.2	-19437	-263.6	-21221	1255.8	-30055	-2108.2	7049	-14160	-12161	-31201	30045	26352	14412	12240	-29598	17851	-17969	-29783	1268	-29735	-30735	10467	13273	-18041	6470	-8246	-9809	23904	-10928	-6742	-30173	-12517	-31727	-10565	-7935	-32175	-14829	22672	{-1723,12168,-16400,26138,30817,-14641,-16293,30614,10731,29111,-9931,16641,-1686,14969,-27746,-17116,19340,26684,-13623,14534}
2026-11-22 14:59:55+00	panri	gateway	0	2	6	2671.9	205.6	-2232	-539	20.688	-30926	31.116	-20488	-22.144	28.264	1436.4	-22710	-958.2	18332	1086.1	\N	2771.5	12968	-98.5	-12712	-2798.4	-7406	-895	-22061	-3557	-32669	29206	22539	-26881	-2426	-32479	-32745	16482	30608	-19278	27417	29897	-15960	25944	26337	-5414	12640	-18942	-8915	26174	-14383	-16572	774	-24195	27479	5856	28375	11359	12506	1903	{3103,-11000,-31482,19882,3288,-11783,30237,20166,27820,-22226,24443,13573,4310,15857,17330,31546,-11789,423,-11192,8794}
2026-11-22 14:59:55+00	panri	gateway	0	2	7	-973.4	2349.2	995	-229.5	-0.426	27698	22.352	-4649	13.66	20.148	2738.1	-6315	2691.5	27260	-2972.3	\N	-2999	-26404	-2002.1	-18848	-2873.2	29280	-860.1	-8843	16020	16462	-23476	12211	31436	5280	-17898	19441	18441	5616	2559	-29302	30148	28553	19088	28990	-6526	31998	27783	1687	5303	24978	317	5006	21275	575	-3699	22570	-17217	-19987	-27879	{16506,16367,17498,-22899,-27690,-23025,-13176,-11124,-22313,339,20091,-27938,-12335,24720,8230,12334,18866,-1069,22632,-13293}
2026-11-22 14:59:55+00	panri	gateway	0	2	8	-148.3	-2000.2	-1523.2	909.3	28.81	-8862	5.604	-10844	-17.988	-5.923	-1752.8	31896	-1072.6	21678	-2362.1	\N	1115.1	26422	1692.2	2454	-1622.6	-3359	383.3	-7283	8697	-1219	8664	-27649	2705	1326	-26758	24229	-5178	-705	15255	17012	-4627	-20323	2721	15027	-15306	-5952	-3384	20465	27772	-13468	29899	-17088	14234	4702	30409	30105	13357	-30107	-28701	{21232,26686,-21415,-1057,32654,-15025,4203,-4512,24823,15503,20501,-15291,5472,24906,5248,32068,14908,18234,6905,-16123}
2026-11-22 14:59:56+00	panri	gateway	0	1	1	5.7	96.6	813.5	0	3.395	13	3.383	142	0.012	3.389	28.7	16	24.9	9	3.8	\N	24.4	8	21.9	14	42.7	2	35.7	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	2	6.1	96	814.9	0	3.401	212	3.39	158	0.011	3.396	27.9	16	24.6	15	3.3	\N	23.7	15	21.4	2	42.3	1	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	3	6.3	97.1	815.6	0	3.403	121	3.393	148	0.01	3.398	29	8	25.4	7	3.6	\N	25.2	16	21.2	9	40.8	5	34.6	11	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	4	5.9	96.7	814.2	0	3.396	22	3.387	37	0.009	3.393	28.5	12	25	8	3.5	\N	24.6	12	21.8	5	40.9	3	35.4	6	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	5	6.3	96	815.5	0	3.403	191	3.393	46	0.01	3.398	28.9	15	26.1	17	2.8	\N	24.4	3	21.2	18	41.8	20	35.8	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	6	6.3	96.2	815.6	0	3.403	13	3.393	170	0.01	3.398	30.5	16	27.5	1	3	\N	26.8	6	22.7	12	40.6	3	33.5	8	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	7	5.8	96.7	813.6	0	3.395	210	3.386	179	0.009	3.39	29.4	14	26.2	5	3.2	\N	25.2	12	21.9	15	40.2	1	34.6	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	8	6.1	96	814.8	0	3.401	30	3.39	110	0.011	3.395	30.2	9	25.3	5	4.9	\N	25.2	14	22.6	1	39.1	15	35.4	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	1	9	5.9	96.2	814	0	3.396	208	3.387	42	0.009	3.392	28.7	20	25.7	1	3	\N	25.4	14	22	3	39	13	35	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	1	5.8	97	813.8	0	3.395	52	3.386	113	0.009	3.391	28.3	6	23.7	12	4.6	\N	24.4	18	21.7	9	40.6	20	35.7	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	2	5.9	96.6	814.2	0	3.398	91	3.388	115	0.01	3.393	29.6	4	25.7	7	3.9	\N	25.7	8	22.2	11	39.7	20	36	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	3	6.1	96.4	814.8	0	3.4	174	3.39	151	0.01	3.395	29.7	16	25.8	8	3.9	\N	25.3	5	23.2	14	40.4	15	35.1	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	4	5.8	96.6	813.9	0	3.396	51	3.386	207	0.01	3.391	29.9	16	26.2	12	3.7	\N	24.8	9	22	3	41.1	19	33.9	3	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	5	6.2	96.6	815.1	0	3.401	27	3.392	26	0.009	3.396	30	10	25.5	2	4.5	\N	24.9	5	22.5	1	40.6	10	35.8	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	6	5.7	96.6	813.5	0	3.396	190	3.385	33	0.011	3.39	27	8	23.5	20	3.5	\N	24.1	6	20.8	13	41.8	17	36.2	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	7	5.5	96.8	812.8	0	3.391	198	3.382	80	0.009	3.387	29.6	15	26.1	14	3.5	\N	25.2	19	22.3	16	41.3	3	33.9	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:56+00	panri	gateway	0	2	8	5.9	96.2	814.3	0	3.398	112	3.388	201	0.01	3.393	27.9	20	25	16	2.9	\N	25.2	14	21	9	42.3	11	35.2	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	2	1	1	\N	\N	\N	\N	\N	\N	\N	142	0.012	3.389	28.7	16	24.9	9	3.8	\N	24.4	8	21.9	14	42.7	2	35.7	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	2	6.1	96	815	0	3.401	212	3.39	56	0.011	3.396	27.9	16	24.6	15	3.3	\N	23.7	15	21.4	2	42.3	1	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	3	6.3	97.1	815.6	0	3.403	121	3.392	83	0.011	3.398	29	8	25.4	7	3.6	\N	25.2	16	21.2	9	40.8	5	34.6	11	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	4	5.9	96.7	814.2	0	3.396	66	3.387	37	0.009	3.393	28.5	12	25	8	3.5	\N	24.6	12	21.8	5	40.9	3	35.4	6	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	5	6.3	96	815.5	0	3.403	191	3.393	46	0.01	3.398	28.9	15	26.1	17	2.8	\N	24.4	3	21.2	18	41.8	20	35.8	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	6	6.3	96.2	815.6	0	3.403	9	3.393	170	0.01	3.398	30.5	16	27.5	1	3	\N	26.8	6	22.7	12	40.6	3	33.5	8	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	7	5.8	96.7	813.6	0	3.395	200	3.385	116	0.01	3.39	29.4	14	26.2	5	3.2	\N	25.2	12	21.9	15	40.2	1	34.6	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	8	6.1	96	814.8	0	3.401	30	3.39	110	0.011	3.395	30.2	9	25.3	5	4.9	\N	25.2	14	22.6	1	39.1	15	35.4	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	1	9	5.9	96.2	814	0	3.396	208	3.388	127	0.008	3.392	28.7	20	25.7	1	3	\N	25.4	14	22	3	39	13	35	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	1	5.8	97	813.8	0	3.396	52	3.386	113	0.01	3.391	28.3	6	23.7	12	4.6	\N	24.4	18	21.7	9	40.6	20	35.7	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	2	5.9	96.6	814.2	0	3.398	91	3.388	83	0.01	3.393	29.6	4	25.7	7	3.9	\N	25.7	8	22.2	11	39.7	20	36	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	3	6.1	96.4	814.8	0	3.4	174	3.39	151	0.01	3.395	29.7	16	25.8	8	3.9	\N	25.3	5	23.2	14	40.4	15	35.1	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	4	5.8	96.6	813.8	0	3.396	51	3.386	92	0.01	3.391	29.9	16	26.2	12	3.7	\N	24.8	9	22	3	41.1	19	33.9	3	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	5	6.2	96.6	815.1	0	3.401	27	3.392	26	0.009	3.396	30	10	25.5	2	4.5	\N	24.9	5	22.5	1	40.6	10	35.8	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	6	5.7	96.6	813.5	0	3.396	190	3.385	33	0.011	3.39	27	8	23.5	20	3.5	\N	24.1	6	20.8	13	41.8	17	36.2	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	7	5.5	96.8	812.8	0	3.391	198	3.382	80	0.009	3.387	29.6	15	26.1	14	3.5	\N	25.2	19	22.3	16	41.3	3	33.9	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:57+00	panri	gateway	0	2	8	5.9	96.2	814.3	0	3.398	112	3.388	201	0.01	3.393	27.9	20	25	16	2.9	\N	25.2	14	21	9	42.3	11	35.2	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	1	5.7	96.6	813.4	0	3.395	13	3.383	142	0.012	3.389	28.7	16	24.9	9	3.8	\N	24.4	8	21.9	14	42.7	2	35.7	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	2	6.1	96	815	0	3.401	212	3.39	56	0.011	3.396	27.9	16	24.6	15	3.3	\N	23.7	15	21.4	2	42.3	1	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	3	6.3	97.1	815.6	0	3.404	121	3.393	148	0.011	3.398	29	8	25.4	7	3.6	\N	25.2	16	21.2	9	40.8	5	34.6	11	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	4	5.9	96.7	814.2	0	3.396	138	3.387	37	0.009	3.393	28.5	12	25	8	3.5	\N	24.6	12	21.8	5	40.9	3	35.4	6	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	5	6.3	96	815.5	0	3.404	191	3.393	46	0.011	3.398	28.9	15	26.1	17	2.8	\N	24.4	3	21.2	18	41.8	20	35.8	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	6	6.3	96.2	815.6	0	3.404	9	3.393	170	0.011	3.398	30.5	16	27.5	1	3	\N	26.8	6	22.7	12	40.6	3	33.5	8	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	7	5.8	96.7	813.6	0	3.395	200	3.386	179	0.009	3.39	29.4	14	26.2	5	3.2	\N	25.2	12	21.9	15	40.2	1	34.6	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	8	6.1	96	814.8	0	3.401	30	3.39	110	0.011	3.395	30.2	9	25.3	5	4.9	\N	25.2	14	22.6	1	39.1	15	35.4	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	1	9	5.9	96.2	814	0	3.396	208	3.387	127	0.009	3.392	28.7	20	25.7	1	3	\N	25.4	14	22	3	39	13	35	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	1	5.8	97	813.8	0	3.395	52	3.385	227	0.01	3.391	28.3	6	23.7	12	4.6	\N	24.4	18	21.7	9	40.6	20	35.7	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	2	5.9	96.6	814.2	0	3.398	91	3.388	115	0.01	3.393	29.6	4	25.7	7	3.9	\N	25.7	8	22.2	11	39.7	20	36	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	3	6.1	96.4	814.8	0	3.4	174	3.39	151	0.01	3.395	29.7	16	25.8	8	3.9	\N	25.3	5	23.2	14	40.4	15	35.1	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	4	5.8	96.6	813.9	0	3.396	51	3.386	92	0.01	3.391	29.9	16	26.2	12	3.7	\N	24.8	9	22	3	41.1	19	33.9	3	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	5	6.2	96.6	815.1	0	3.401	27	3.392	26	0.009	3.396	30	10	25.5	2	4.5	\N	24.9	5	22.5	1	40.6	10	35.8	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	6	5.7	96.6	813.6	0	3.396	190	3.385	33	0.011	3.39	27	8	23.5	20	3.5	\N	24.1	6	20.8	13	41.8	17	36.2	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	7	5.5	96.8	812.8	0	3.391	198	3.382	80	0.009	3.387	29.6	15	26.1	14	3.5	\N	25.2	19	22.3	16	41.3	3	33.9	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:58+00	panri	gateway	0	2	8	5.9	96.2	814.2	0	3.398	112	3.388	201	0.01	3.393	27.9	20	25	16	2.9	\N	25.2	14	21	9	42.3	11	35.2	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	1	6.5	96.6	693.8	0	3.406	45	3.395	174	0.011	3.401	27.9	13	24	1	3.9	\N	24	5	20.7	8	44.4	6	35.8	16	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	2	6.1	96.2	692.6	0	3.4	96	3.39	124	0.01	3.395	30.3	15	26.6	2	3.7	\N	26.6	17	24	3	36.8	14	32.6	16	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	3	5.9	97.1	692.1	0	3.398	76	3.388	111	0.01	3.393	29.3	1	25.2	6	4.1	\N	25.5	7	22.7	16	39.3	13	33.8	5	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	4	6.1	96.2	692.7	0	3.401	21	3.39	48	0.011	3.396	29.4	1	26.8	10	2.6	\N	25.6	14	22.6	7	40.7	14	33.9	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	5	5.8	96.2	691.5	0	3.394	185	3.385	87	0.009	3.39	29.6	12	25.6	2	4	\N	25.2	11	22.6	15	38.8	14	33.7	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	6	6	96.2	692.4	0	3.4	163	3.389	18	0.011	3.394	28	12	24.5	6	3.5	\N	23.2	11	20.6	3	43.1	7	35.5	10	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	7	6	97	692.3	0	3.399	17	3.388	122	0.011	3.393	29.3	3	26.1	7	3.2	\N	24.5	11	22.1	7	41.3	15	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	8	5.9	97.1	692.1	0	3.397	182	3.388	160	0.009	3.393	30.8	3	26.4	10	4.4	\N	26.6	8	24.1	7	38.6	5	33.8	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:50+00	seokhwan	gateway	0	1	9	5.8	97	691.6	0	3.396	110	3.384	190	0.012	3.39	29.6	4	25.9	15	3.7	\N	25.2	10	23.4	17	40.5	12	34.8	1	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	1	6.5	96.6	693.8	0	3.406	45	3.395	174	0.011	3.401	27.9	13	24	1	3.9	\N	24	5	20.7	8	44.4	6	35.8	16	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	2	6.1	96.2	692.6	0	3.4	56	3.39	124	0.01	3.395	30.3	15	26.6	2	3.7	\N	26.6	17	24	3	36.8	14	32.6	16	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	3	5.9	97.1	692.1	0	3.398	76	3.387	187	0.011	3.393	29.3	1	25.2	6	4.1	\N	25.5	7	22.7	16	39.3	13	33.8	5	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	4	6.1	96.2	692.7	0	3.401	21	3.39	48	0.011	3.396	29.4	1	26.8	10	2.6	\N	25.6	14	22.6	7	40.7	14	33.9	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	5	5.8	96.2	691.5	0	3.394	2	3.385	87	0.009	3.39	29.6	12	25.6	2	4	\N	25.2	11	22.6	15	38.8	14	33.7	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	6	6	96.2	692.4	0	3.4	163	3.389	18	0.011	3.394	28	12	24.5	6	3.5	\N	23.2	11	20.6	3	43.1	7	35.5	10	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	7	6	97	692.3	0	3.398	17	3.388	178	0.01	3.393	29.3	3	26.1	7	3.2	\N	24.5	11	22.1	7	41.3	15	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	8	5.9	97.1	692.1	0	3.397	182	3.389	160	0.008	3.393	30.8	3	26.4	10	4.4	\N	26.6	8	24.1	7	38.6	5	33.8	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-22 14:59:55+00	seokhwan	gateway	0	1	9	5.8	97	691.6	0	3.396	110	3.384	190	0.012	3.39	29.6	4	25.9	15	3.7	\N	25.2	10	23.4	17	40.5	12	34.8	1	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	1	5.7	96.6	813.4	0	3.395	13	3.383	142	0.012	3.389	28.8	16	24.9	9	3.9	\N	24.4	8	21.9	5	42.6	2	35.8	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	2	6.1	96	815	0	3.401	212	3.39	56	0.011	3.396	27.9	16	24.5	15	3.4	\N	23.6	15	21.4	13	42.4	1	34	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	3	6.3	97.1	815.6	0	3.403	121	3.393	148	0.01	3.398	29.2	8	25.5	7	3.7	\N	25.2	16	21.3	9	40.8	5	34.6	11	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	4	5.9	96.7	814.2	0	3.396	185	3.387	37	0.009	3.393	28.6	12	25	8	3.6	\N	24.6	12	21.8	5	41	3	35.4	6	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	5	6.3	96	815.5	0	3.403	191	3.394	46	0.009	3.398	29	15	26.1	17	2.9	\N	24.4	3	21.2	18	41.9	20	35.9	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	6	6.3	96.2	815.6	0	3.403	9	3.393	170	0.01	3.398	30.6	16	27.6	1	3	\N	26.8	6	22.6	12	40.5	3	33.4	8	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	7	5.8	96.7	813.6	0	3.395	210	3.385	116	0.01	3.39	29.4	14	26.3	5	3.1	\N	25.1	12	21.9	15	40.2	1	34.7	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	8	6.1	96	814.8	0	3.402	30	3.39	9	0.012	3.395	30.2	9	25.3	5	4.9	\N	25.4	14	22.5	1	39	15	35.4	20	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	1	9	5.9	96.2	814	0	3.396	208	3.387	127	0.009	3.392	28.9	20	25.8	1	3.1	\N	25.4	8	22	3	38.9	13	34.9	4	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	1	5.8	97	813.8	0	3.395	27	3.385	227	0.01	3.391	28.3	6	23.8	12	4.5	\N	24.5	12	21.6	9	40.5	11	35.6	17	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	2	5.9	96.6	814.2	0	3.398	91	3.388	115	0.01	3.393	29.6	4	25.6	7	4	\N	25.7	8	22.3	11	39.7	20	35.8	16	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	3	6.1	96.4	814.8	0	3.4	174	3.39	151	0.01	3.395	29.7	16	25.8	8	3.9	\N	25.5	5	23.2	14	40.3	15	35.1	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	4	5.8	96.6	813.8	0	3.396	51	3.387	92	0.009	3.391	29.9	16	26.4	6	3.5	\N	24.8	9	21.9	3	41.2	19	33.9	3	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	5	6.2	96.6	815.1	0	3.4	27	3.392	26	0.008	3.396	30	10	25.6	2	4.4	\N	24.8	5	22.5	1	40.6	10	35.8	18	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	6	5.7	96.6	813.6	0	3.395	190	3.386	33	0.009	3.39	27.1	8	23.5	20	3.6	\N	24.1	6	21	13	41.8	17	36.2	5	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	7	5.5	96.8	812.8	0	3.391	198	3.382	80	0.009	3.387	29.7	15	26.1	19	3.6	\N	25.4	19	22.3	16	41.2	3	33.7	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	panri	gateway	0	2	8	5.9	96.2	814.2	0	3.397	112	3.388	201	0.009	3.393	28	20	25.2	16	2.8	\N	25.1	14	21	9	42.2	11	35.1	2	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	1	6.5	96.6	693.8	0	3.406	45	3.395	174	0.011	3.401	28	13	24	1	4	\N	24.1	5	20.8	8	44.3	6	35.9	16	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	2	6.1	96.2	692.6	0	3.4	56	3.39	124	0.01	3.395	30.3	15	26.7	2	3.6	\N	26.6	17	23.9	3	37	14	32.6	16	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	3	5.9	97.1	692.1	0	3.398	76	3.387	187	0.011	3.393	29.5	1	25.4	6	4.1	\N	25.6	7	22.7	16	39.3	13	33.7	5	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	4	6.1	96.2	692.7	0	3.401	21	3.39	177	0.011	3.396	29.4	1	26.8	10	2.6	\N	25.7	14	22.5	7	40.8	14	34.1	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	5	5.8	96.2	691.5	0	3.394	74	3.385	87	0.009	3.39	29.6	12	25.6	2	4	\N	25.3	11	22.6	15	38.8	14	33.7	13	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	6	6	96.2	692.4	0	3.399	163	3.389	18	0.01	3.394	28	12	24.6	6	3.4	\N	23.3	2	20.6	3	43.1	7	35.6	10	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	7	6	97	692.3	0	3.399	21	3.388	178	0.011	3.393	29.3	3	26.1	7	3.2	\N	24.5	11	22.2	7	41.3	15	34.1	7	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	8	5.9	97.1	692.1	0	3.397	182	3.388	160	0.009	3.393	30.7	3	26.4	10	4.3	\N	26.6	8	24.1	3	38.6	5	33.8	14	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
2026-11-21 15:00:00+00	seokhwan	gateway	0	1	9	5.8	97	691.6	0	3.397	110	3.384	190	0.013	3.39	29.6	4	25.8	15	3.8	\N	25.1	10	23.3	17	40.5	12	34.8	1	1	1	0	0	0	1	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	0	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}
\.


--
-- Data for Name: rejected; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.rejected ("time", site, device, table_name, row_data, sqlstate, reason, rejected_at) FROM stdin;
2026-11-21 15:00:00+00	panri	gateway	rack	{"rack_id": 3}	23514	of the user's	2026-11-26 17:00:31.921116+00
\.


--
-- Data for Name: sample; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sample ("time", site, device, status, reason, missing, read_ms, requests, retries, collector) FROM stdin;
2026-11-22 14:59:52+00	panri	gateway	stored	\N	\N	12.3	14	0	tests
2026-11-22 14:59:53+00	panri	gateway	stored	\N	\N	12.442857	14	0	tests
2026-11-22 14:59:54+00	panri	gateway	stored	\N	\N	12.585714	14	0	tests
2026-11-22 14:59:55+00	panri	gateway	stored	\N	\N	12.728572	14	0	tests
2026-11-22 14:59:56+00	panri	gateway	stored	\N	\N	12.8714285	14	0	tests
2026-11-22 14:59:57+00	panri	gateway	partial	exception 4	4:0-19,4:300-304	13.014286	14	0	tests
2026-11-22 14:59:58+00	panri	gateway	stored	\N	\N	13.157143	14	0	tests
2026-11-22 14:59:59+00	panri	gateway	failed	timeout	4:0-999	13.3	14	0	tests
2026-11-22 14:59:50+00	seokhwan	gateway	stored	\N	\N	12.3	23	0	tests
2026-11-22 14:59:55+00	seokhwan	gateway	stored	\N	\N	12.442857	23	0	tests
2026-11-21 15:00:00+00	panri	gateway	stored	\N	\N	12.3	14	0	tests
2026-11-21 15:00:00+00	seokhwan	gateway	stored	\N	\N	12.3	23	0	tests
\.


--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (site, device, "time", kind);


--
-- Name: export_object export_object_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_object
    ADD CONSTRAINT export_object_pkey PRIMARY KEY (site, table_name, day, form, place);


--
-- Name: export_until export_until_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_until
    ADD CONSTRAINT export_until_pkey PRIMARY KEY (site);


--
-- Name: sample sample_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sample
    ADD CONSTRAINT sample_pkey PRIMARY KEY (site, device, "time");


--
-- Name: bank_site_device_bank_id_time_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX bank_site_device_bank_id_time_idx ON public.bank USING btree (site, device, bank_id, "time" DESC);


--
-- Name: database_identity_expr_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX database_identity_expr_idx ON public.database_identity USING btree ((true));


--
-- Name: device_site_device_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX device_site_device_idx ON public.device USING btree (site, device) WHERE (valid_to IS NULL);


--
-- Name: etc_site_device_time_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX etc_site_device_time_idx ON public.etc USING btree (site, device, "time" DESC);


--
-- Name: late_commit_site_last_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX late_commit_site_last_idx ON public.late_commit USING btree (site, last);


--
-- Name: module_site_device_bank_id_rack_id_module_id_time_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX module_site_device_bank_id_rack_id_module_id_time_idx ON public.module USING btree (site, device, bank_id, rack_id, module_id, "time" DESC);


--
-- Name: pcs_site_device_time_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX pcs_site_device_time_idx ON public.pcs USING btree (site, device, "time" DESC);


--
-- Name: rack_site_device_bank_id_rack_id_time_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rack_site_device_bank_id_rack_id_time_idx ON public.rack USING btree (site, device, bank_id, rack_id, "time" DESC);


--
-- PostgreSQL database dump complete
--


