"""Descriptions of clients, and the import of recordings.

user_agents        device, browser and system of a client
client_address     a visitor's address behind trusted proxies
import_recording   turns an rrweb recording into a session
recording_reader   reads recordings of any recorder
"""
